package command

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"math/bits"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/pkg/errors"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"github.com/unroll-go/unroll/internal/atomicfile"
	"github.com/unroll-go/unroll/internal/inputfile"
	"github.com/unroll-go/unroll/recurrent/models"
)

// parting is what of a file is predicted, and where to: a part of it, which one of many processes has, and a file of its own.
type parting struct {
	part  string // "3/16"; "" for all
	out   string // file; "" for the standard output
	force bool

	n, of int
}

func (p *parting) flags(f *pflag.FlagSet) {
	f.StringVar(&p.part, "part", "", "predict part I of N of the file alone, as in 3/16; parts are counted from 0, and go with --out")
	f.StringVar(&p.out, "out", "", "file to write to, which appears when it is whole; of a part, 3-of-16 is put into its name")
	f.BoolVar(&p.force, "force", false, "overwrite existing files, and predict parts again that are done")
}

// check refuses a part that does not exist, or that comes from no file.
func (p *parting) check(args []string) error {
	p.n, p.of = 0, 1
	if p.part == "" {
		return nil
	}
	i, n, ok := strings.Cut(p.part, "/")
	var errs [2]error
	p.n, errs[0] = strconv.Atoi(i)
	p.of, errs[1] = strconv.Atoi(n)
	switch {
	case !ok || errs[0] != nil || errs[1] != nil:
		return usage("--part %q; want a part and their number, as in 3/16", p.part)
	case p.of < 1:
		return usage("--part %s; want a part of 1 or more, as in 3/16", p.part)
	case p.n < 0 || p.n >= p.of:
		return usage("--part %s; want 0/%d to %d/%d", p.part, p.of, p.of-1, p.of)
	case p.out == "":
		return usage("--part goes with --out")
	case os.IsPathSeparator(p.out[len(p.out)-1]):
		return usage("--out %s is a folder; want the name of a file, into which that of the part is put", p.out)
	case len(args) == 0:
		return usage("--part goes with a file: the standard input has no parts that another process could read")
	}
	p.part = fmt.Sprintf("%d/%d", p.n, p.of) // 01/16 is no other part
	return nil
}

// path is the file of the part: of predicted.jsonl, predicted-00003-of-00016.jsonl. The names of parts sort as they are counted.
func (p *parting) path() string {
	if p.part == "" {
		return p.out
	}
	ending := filepath.Ext(p.out)
	digits := max(5, len(strconv.Itoa(p.of)))
	return fmt.Sprintf("%s-%0*d-of-%0*d%s", strings.TrimSuffix(p.out, ending), digits, p.n, digits, p.of, ending)
}

// lines are the first line of the part and the first after it. The file is cut into stretches of bytes of one length, and a row
// belongs to the part in whose stretch its first line ends: so many parts have all rows, each once, whatever the rows look like.
// The reader of tables alone knows where a row begins, as a line may end within quotes; it reads what is before the part, too.
func (p *parting) lines(path string) (from, to int, err error) {
	from, to = 0, math.MaxInt
	if p.of <= 1 { // all, or no part was asked for
		return from, to, nil
	}
	file, err := inputfile.Open(path)
	if err != nil {
		return 0, 0, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return 0, 0, err
	}
	cut := func(i int) int64 { return cutAt(info.Size(), i, p.of) }
	before, err := countLines(file, cut(p.n))
	if err != nil {
		return 0, 0, err
	}
	within, err := countLines(file, cut(p.n+1)-cut(p.n))
	if p.n > 0 {
		from = before + 1
	}
	if p.n < p.of-1 {
		to = before + within + 1
	}
	return from, to, err
}

// share are the part's things of a list: from, and to, without it. Those of rows that belong together are listed when the file is read.
func (p *parting) share(count int) (from, to int) {
	if p.part == "" {
		return 0, count
	}
	cut := func(i int) int { return int(cutAt(int64(count), i, p.of)) }
	return cut(p.n), cut(p.n + 1)
}

// cutAt is where part i of n begins: size·i/n, of which the product may have 128 bits.
func cutAt(size int64, i, n int) int64 {
	high, low := bits.Mul64(uint64(size), uint64(i))
	at, _ := bits.Div64(high, low, uint64(n))
	return int64(at)
}

// countLines counts the ends of lines in the next n bytes.
func countLines(r io.Reader, n int64) (count int, err error) {
	buf := make([]byte, 1<<16)
	for r := io.LimitReader(r, n); err == nil; {
		var got int
		got, err = r.Read(buf)
		count += bytes.Count(buf[:got], []byte("\n"))
	}
	if err == io.EOF {
		err = nil
	}
	return count, err
}

// done is what is written beside a part when it is whole: what it was made of. A part that is there with such a mark is not
// predicted again.
type done struct {
	Part  string            `json:"part"`
	Input string            `json:"input"`
	Size  int64             `json:"input_bytes"`
	Model string            `json:"model_sha256"`
	Flags map[string]string `json:"flags"`
	Bytes int64             `json:"bytes"` // of the part's own file
}

const doneEnding = ".done"

// write has f write what is predicted. A part that is done is passed over.
func (p *parting) write(cmd *cobra.Command, m models.Model, args []string, f func(w io.Writer) error) error {
	if p.out == "" {
		return buffered(cmd, f)
	}
	if err := keepInputs("--out", p.path(), args...); err != nil {
		return err
	}
	var mark *done
	var err error
	if p.part != "" {
		if mark, err = p.mark(cmd, args[0]); err != nil {
			return err
		}
		if there, err := p.done(cmd, mark); there || err != nil {
			return err
		}
	} else if _, err := os.Stat(p.out); err == nil && !p.force {
		return errors.Errorf("--out %s exists; choose another name, or overwrite it with --force", p.out)
	}
	if err := atomicfile.Write(p.path(), f); err != nil || mark == nil {
		return err
	}
	info, err := os.Stat(p.path())
	if err != nil {
		return err
	}
	mark.Bytes = info.Size()
	return atomicfile.Write(p.path()+doneEnding, func(w io.Writer) error { return json.NewEncoder(w).Encode(mark) })
}

// mark is that of the part if it is predicted now.
func (p *parting) mark(cmd *cobra.Command, input string) (*done, error) {
	info, err := os.Stat(input)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, errors.Errorf("--part goes with a file, of which every part can be found again; %s is none", input)
	}
	model, err := fileHash(cmd.Flags().Lookup("model").Value.String())
	if err != nil {
		return nil, err
	}
	mark := &done{Part: p.part, Input: filepath.Base(input), Size: info.Size(), Model: model, Flags: map[string]string{}}
	cmd.Flags().Visit(func(f *pflag.Flag) {
		if !slices.Contains([]string{"part", "out", "force", "model"}, f.Name) {
			mark.Flags[f.Name] = f.Value.String()
		}
	})
	return mark, nil
}

// done tells whether the part is there, whole, and of the same model, input and flags.
func (p *parting) done(cmd *cobra.Command, now *done) (bool, error) {
	path := p.path()
	data, err := os.ReadFile(path + doneEnding)
	if p.force || errors.Is(err, os.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	var had done
	if err := json.Unmarshal(data, &had); err != nil {
		return false, errors.Wrapf(err, "%s (predict the part again with --force)", path+doneEnding)
	}
	now.Bytes = had.Bytes
	a, _ := json.Marshal(had)
	b, _ := json.Marshal(now)
	if !bytes.Equal(a, b) {
		return false, errors.Errorf("%s is done already, of another model, input or with other flags: %s; now they are %s; "+
			"choose another --out, or predict it again with --force", path, a, b)
	}
	info, err := os.Stat(path)
	if err != nil || info.Size() != had.Bytes {
		return false, nil // the mark alone is left
	}
	tell(cmd.ErrOrStderr(), "Done", "%s is there already (--force predicts it again)", path)
	return true, nil
}

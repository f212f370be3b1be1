package events_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/graph/optim"
	"github.com/unroll-go/unroll/internal/testutil"
	"github.com/unroll-go/unroll/losses"
	"github.com/unroll-go/unroll/nn"
	"github.com/unroll-go/unroll/nn/train"
	"github.com/unroll-go/unroll/nn/train/events"
	"google.golang.org/protobuf/encoding/protowire"
	"gorgonia.org/tensor"
)

// points is a source of points of the line y = 2x + 1, one a batch.
type points struct{ batches, at int }

func (p *points) Len() int             { return p.batches }
func (p *points) Seek(batch int) error { p.at = batch; return nil }
func (p *points) Tokens() int          { return 1 }

func (p *points) Next() ([]*tensor.Dense, bool) {
	if p.at == p.batches {
		return nil, false
	}
	p.at++
	x := float64(p.at) / float64(p.batches)
	return []*tensor.Dense{graph.Floats64([]float64{x}, 1, 1), graph.Floats64([]float64{2*x + 1}, 1, 1)}, true
}

// line is a run that fits a line to points.
func line(batches, epochs int) *train.Loop {
	loss := graph.NewFunc(graph.NewParams64(1), func(g *graph.Graph, in []graph.Node) []graph.Node {
		x, y := in[0], in[1]
		return []graph.Node{losses.MSE{}.Apply(g, nn.Dense{Units: 1}.Apply(g.Scope("line"), x), y)}
	})
	return &train.Loop{Loss: loss, Data: &points{batches: batches}, Optimizer: &optim.SGD{}, Schedule: optim.Constant(0.01), Epochs: epochs,
		Validation: train.Validation{Data: &points{batches: 2}}}
}

func run(t *testing.T, l *train.Loop) train.Result {
	t.Helper()
	r, err := l.Run(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestCSV(t *testing.T) {
	var b bytes.Buffer
	csv, err := events.NewCSV(&b, false)
	if err != nil {
		t.Fatal(err)
	}
	var last train.Progress
	l := line(2, 1)
	l.Validation.Measure = func() ([]train.Score, error) { return []train.Score{{Name: "half", Value: 0.5}}, nil }
	l.Observers = []train.Observer{events.Observer(2, csv), {OnStep: func(p train.Progress) error {
		last = p
		return nil
	}}}
	r := run(t, l)
	want := []string{"step,name,value", fmt.Sprint("2,train/loss,", last.Loss), fmt.Sprint("2,train/gradient_norm,", last.GradientNorm), "2,train/rate,0.01",
		"2,train/tokens_per_second,", fmt.Sprint("2,epoch/train_loss,", r.TrainLoss), fmt.Sprint("2,epoch/validation_loss,", r.Validation), "2,epoch/half,0.5"}
	lines := strings.Split(strings.TrimSpace(b.String()), "\n")
	if len(lines) != len(want) {
		t.Fatal(b.String())
	}
	for i, w := range want {
		if !strings.HasPrefix(lines[i], w) {
			t.Errorf("row %q; want %q", lines[i], w)
		}
	}
	b.Reset()
	if csv, err = events.NewCSV(&b, true); err != nil {
		t.Fatal(err)
	}
	if err := csv.Scalar("x", 3, math.NaN()); err != nil || csv.Flush() != nil || b.String() != "3,x,\n" {
		t.Errorf("%q, error %v", b.String(), err)
	}
}

// writeEvents writes one event of each kind. With UNROLL_TEST_EVENTS=folder it does so there, for TensorBoard to read:
//
//	from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
//	a = EventAccumulator("folder", size_guidance={"tensors": 0, "histograms": 0}); a.Reload()
//	a.Scalars("loss"), a.Histograms("weights"), a.Tensors("note")
func writeEvents(t *testing.T) string {
	t.Helper()
	folder := os.Getenv("UNROLL_TEST_EVENTS")
	if folder == "" {
		folder = t.TempDir()
	}
	l, err := events.NewTensorBoard(folder)
	if err != nil {
		t.Fatal(err)
	}
	for _, err := range []error{
		l.Scalar("loss", 7, 0.25),
		l.Histogram("weights", 8, []float64{-1, 0, 0, 0.5, 2, math.NaN()}),
		l.Text("note", 9, "*over*fitting"),
		l.Close(),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	files, err := filepath.Glob(filepath.Join(folder, "events.out.tfevents.*"))
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	return files[len(files)-1]
}

// records takes the frames of a TFRecord file apart, with its own arithmetic for the checksums.
func records(t *testing.T, data []byte) (out [][]byte) {
	t.Helper()
	check := func(data []byte, want uint32) {
		t.Helper()
		unmasked := want - 0xa282ead8
		if c := crc32.Checksum(data, crc32.MakeTable(crc32.Castagnoli)); unmasked>>17|unmasked<<15 != c {
			t.Fatalf("checksum %08x; want %08x", unmasked>>17|unmasked<<15, c)
		}
	}
	for len(data) > 0 {
		n := int(binary.LittleEndian.Uint64(data))
		check(data[:8], binary.LittleEndian.Uint32(data[8:]))
		check(data[12:12+n], binary.LittleEndian.Uint32(data[12+n:]))
		out = append(out, data[12:12+n])
		data = data[16+n:]
	}
	return out
}

// fields shows a message's fields as "number:value", with the content of those that are named as messages in braces.
func fields(t *testing.T, data []byte, path string, messages map[string]bool) string {
	t.Helper()
	var out []string
	for len(data) > 0 {
		number, kind, n := protowire.ConsumeTag(data)
		if n < 0 {
			t.Fatal(protowire.ParseError(n))
		}
		data = data[n:]
		name := fmt.Sprint(path, "/", number)
		var text string
		switch kind {
		case protowire.VarintType:
			v, k := protowire.ConsumeVarint(data)
			text, n = fmt.Sprint(v), k
		case protowire.Fixed32Type:
			v, k := protowire.ConsumeFixed32(data)
			text, n = fmt.Sprint(math.Float32frombits(v)), k
		case protowire.Fixed64Type:
			v, k := protowire.ConsumeFixed64(data)
			text, n = fmt.Sprint(math.Float64frombits(v)), k
		default:
			v, k := protowire.ConsumeBytes(data)
			n = k
			if messages[name] {
				text = "{" + fields(t, v, name, messages) + "}"
			} else if strings.HasSuffix(name, "/5/6") || strings.HasSuffix(name, "/5/7") { // packed doubles
				for ; len(v) > 0; v = v[8:] {
					text += fmt.Sprintf("%.3g ", math.Float64frombits(binary.LittleEndian.Uint64(v)))
				}
			} else {
				text = string(v)
			}
		}
		if n < 0 {
			t.Fatal(protowire.ParseError(n))
		}
		data = data[n:]
		if name != "/1" { // the time
			out = append(out, fmt.Sprint(number, ":", text))
		}
	}
	return strings.Join(out, " ")
}

// The ends of the buckets are 1e-12·1.1ⁿ: for n = 289 and 290, 0.918 and 1.01.
func TestTensorBoard(t *testing.T) {
	messages := map[string]bool{}
	for _, path := range []string{"/5", "/5/1", "/5/1/5", "/5/1/8", "/5/1/8/2", "/5/1/8/2/2", "/5/1/9", "/5/1/9/1"} {
		messages[path] = true
	}
	data, err := os.ReadFile(writeEvents(t))
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"2:0 3:brain.Event:2",
		"2:7 5:{1:{1:loss 2:0.25}}",
		"2:8 5:{1:{1:weights 5:{1:-1 2:2 3:5 4:1.5 5:5.25 6:-1.01 -0.917 0 1e-12 0.471 0.518 1.97 2.16  7:0 1 0 2 0 1 0 1 }}}",
		"2:9 5:{1:{1:note 9:{1:{1:text}} 8:{1:7 2:{2:{1:1}} 8:*over*fitting}}}",
	}
	got := records(t, data)
	if len(got) != len(want) {
		t.Fatalf("%d records; want %d", len(got), len(want))
	}
	for i, r := range got {
		if text := fields(t, r, "", messages); text != want[i] {
			t.Errorf("record %d is %s\nwant %s", i, text, want[i])
		}
	}
	if _, err := events.NewTensorBoard(filepath.Join(writeEvents(t), "below a file")); err == nil {
		t.Error("no error for a folder that cannot be")
	}
}

// A log of a run has the histograms of its weights.
func TestEventsOfARun(t *testing.T) {
	folder := t.TempDir()
	board, err := events.NewTensorBoard(folder)
	if err != nil {
		t.Fatal(err)
	}
	l := line(33, 1)
	l.Observers = []train.Observer{events.Observer(10, board)}
	run(t, l)
	if err := board.Weights(33, l.Loss.Params()); err != nil {
		t.Fatal(err)
	}
	if err := board.Close(); err != nil {
		t.Fatal(err)
	}
	files, _ := filepath.Glob(filepath.Join(folder, "*"))
	data := testutil.Read(t, files[0])
	if n, want := len(records(t, data)), 1+3*4+2+l.Loss.Params().Len(); n != want {
		t.Errorf("%d records; want %d", n, want)
	}
	if !bytes.Contains(data, []byte("weights/"+l.Loss.Params().At(0).Name())) {
		t.Error("no weights")
	}
}

// A name that is not UTF-8 would make the whole file unreadable, so it is refused; what was written stays readable. A
// log that is closed, or that nobody opened, loses nothing silently.
func TestLogsRefuse(t *testing.T) {
	folder := t.TempDir()
	board, err := events.NewTensorBoard(folder)
	if err != nil {
		t.Fatal(err)
	}
	var table bytes.Buffer
	csv, err := events.NewCSV(&table, true)
	if err != nil {
		t.Fatal(err)
	}
	const bad = "F1/caf\xe9"
	for name, err := range map[string]error{
		"scalar": board.Scalar(bad, 1, 1), "histogram": board.Histogram(bad, 1, nil), "text": board.Text(bad, 1, "x"), "row": csv.Scalar(bad, 1, 1),
	} {
		if err == nil || !strings.Contains(err.Error(), `the name "F1/caf\xe9" in a log is not UTF-8`) {
			t.Errorf("%s: error %v", name, err)
		}
	}
	for _, err := range []error{board.Scalar("F1/café", 1, 1), board.Text("note", 1, "caf\xe9"), board.Close(), csv.Flush()} {
		if err != nil {
			t.Error(err)
		}
	}
	files, err := filepath.Glob(filepath.Join(folder, "*"))
	if err != nil || len(files) != 1 || table.Len() != 0 {
		t.Fatal(files, err, table.String())
	}
	if n := len(records(t, testutil.Read(t, files[0]))); n != 3 {
		t.Errorf("%d events; want the version and two", n)
	}
	for name, l := range map[string]events.Log{"closed": board, "zero": &events.TensorBoard{}, "zero table": &events.CSV{}} {
		if err := l.Scalar("x", 1, 1); err == nil || l.Flush() == nil {
			t.Errorf("%s: a number went nowhere without an error (%v)", name, err)
		}
	}
	if board.Close() == nil || new(events.TensorBoard).Close() == nil {
		t.Error("closed twice, or closed without being opened")
	}
	if err := board.Weights(1, nil); err == nil {
		t.Error("weights of no store")
	}
	l := line(2, 1)
	l.Observers = []train.Observer{events.Observer(0, nil)}
	if _, err := l.Run(context.Background()); err == nil || !strings.Contains(err.Error(), "events: log 0 is nil") {
		t.Errorf("error %v", err)
	}
	if _, err := events.NewCSV(nil, false); err == nil {
		t.Error("a table without a writer")
	}
}

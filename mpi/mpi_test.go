package mpi_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// launchers are the mpirun and mpiexec to test with: those that UNROLL_MPI lists, between colons, or the one on the path.
// Beside a launcher in x/bin, its library is in x/lib.
func launchers(t *testing.T) []string {
	t.Helper()
	if list := os.Getenv("UNROLL_MPI"); list != "" {
		return strings.Split(list, ":")
	}
	path, err := exec.LookPath("mpirun")
	if err != nil {
		t.Skip("there is no mpirun (.ci/run installs one)")
	}
	return []string{path}
}

// commands is the folder in which the two commands are. They are built once for all tests.
var commands string

func TestMain(m *testing.M) {
	var err error
	if commands, err = os.MkdirTemp("", "unroll-mpi-"); err != nil {
		panic(err)
	}
	status := m.Run()
	os.RemoveAll(commands)
	os.Exit(status)
}

var built = sync.OnceValue(func() error {
	for path, command := range map[string][]string{"unroll": {"..", "./cmd/unroll"}, "unroll-mpi": {".", "./cmd/unroll-mpi"}} {
		build := exec.Command("go", "build", "-o", filepath.Join(commands, path), command[1])
		build.Dir, build.Env = command[0], append(os.Environ(), "CGO_ENABLED=0")
		if out, err := build.CombinedOutput(); err != nil {
			return fmt.Errorf("%w: %s", err, out)
		}
	}
	return nil
})

// bench is a folder with data, and the two commands.
type bench struct{ unroll, ranks, folder string }

func newBench(t *testing.T) bench {
	t.Helper()
	if err := built(); err != nil {
		t.Fatal(err)
	}
	b := bench{unroll: filepath.Join(commands, "unroll"), ranks: filepath.Join(commands, "unroll-mpi"), folder: t.TempDir()}
	var table, text strings.Builder
	table.WriteString("text,label\n")
	for i := range 160 {
		word := [][]string{{"good", "warm", "kind"}, {"cold", "dark", "cruel"}}[i%2]
		fmt.Fprintf(&table, "the %s was %s and %s,%s\n", []string{"film", "story", "plot", "end", "cast"}[i%5], word[i%3], word[(i/3)%3], []string{"positive", "negative"}[i%2])
		fmt.Fprintf(&text, "to be or not to be %d, that is the question\n", i%7)
	}
	b.write(t, "reviews.csv", table.String())
	b.write(t, "book.txt", text.String())
	return b
}

func (b bench) write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(filepath.Join(b.folder, name)), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(b.folder, name), []byte(text), 0o777); err != nil {
		t.Fatal(err)
	}
}

// alone trains in one process.
func (b bench) alone(t *testing.T, out string, flags ...string) string {
	t.Helper()
	c := exec.Command(b.unroll, append([]string{"train", "--out", out}, flags...)...)
	c.Dir = b.folder
	if said, err := c.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, said)
	}
	return b.sum(t, out)
}

func (b bench) sum(t *testing.T, out string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(b.folder, out))
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%x", sha256.Sum256(data))
}

// inRanks starts n processes of a script, in which $RANK is the number of each and "$@" are the command and its flags.
func (b bench) inRanks(t *testing.T, launcher string, n int, script string, flags ...string) (said string, err error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 4*time.Minute) // no run comes near that, also on a busy machine
	defer cancel()
	b.write(t, "rank.sh", "#!/bin/sh\nRANK=${OMPI_COMM_WORLD_RANK:-$PMI_RANK}\n"+script+"\n")
	args := []string{"-n", fmt.Sprint(n)}
	root := filepath.Dir(filepath.Dir(launcher))
	env := os.Environ()
	if _, err := os.Stat(filepath.Join(root, "lib", "libmpi_abi.so.1")); err != nil { // Open MPI
		args = append(args, "--oversubscribe", "--allow-run-as-root", "--bind-to", "none")
	}
	if root != "/usr" {
		env = append(env, "LD_LIBRARY_PATH="+filepath.Join(root, "lib"))
	}
	c := exec.CommandContext(ctx, launcher, append(append(args, "./rank.sh", b.ranks), flags...)...)
	c.Dir, c.Env = b.folder, append(env, "GOMAXPROCS=1")
	var out bytes.Buffer
	c.Stdout, c.Stderr, c.WaitDelay = &out, &out, 10*time.Second
	err = c.Run()
	if ctx.Err() != nil {
		t.Errorf("%s, %v: no end\n%s", launcher, flags, &out)
	}
	return out.String(), err
}

const plain = `exec "$@"`

var classifier = []string{"--table", "reviews.csv", "--epochs", "3", "--patience", "1", "--hidden", "16", "--dropout", "0.2", "--batch", "10", "--shards", "4"}

var language = []string{"--text", "book.txt", "--hidden", "16", "--seq", "20", "--batch", "6", "--epochs", "2", "--sample", "0", "--shards", "5"}

// A checkpoint has the bytes that unroll train gives with as many shards, whatever the number of processes and the library.
func TestBits(t *testing.T) {
	all := launchers(t)
	b := newBench(t)
	for _, c := range []struct {
		name  string
		flags []string
		ranks []int // every number once: what a rank does with its shards does not depend on the kind of model
	}{{"classifier", classifier, []int{1, 3}}, {"language model", language, []int{2, 4}}} {
		want := b.alone(t, "alone.safetensors", append(c.flags, "--force")...)
		for _, launcher := range all {
			for _, n := range c.ranks {
				said, err := b.inRanks(t, launcher, n, plain, append([]string{"train", "--force", "--out", "ranks.safetensors"}, c.flags...)...)
				if err != nil {
					t.Fatalf("%s, %s, %d ranks: %v\n%s", launcher, c.name, n, err, said)
				}
				if got := b.sum(t, "ranks.safetensors"); got != want {
					t.Errorf("%s, %s, %d ranks: sha256 %s; want %s", launcher, c.name, n, got, want)
				}
			}
		}
	}
	for _, launcher := range all {
		flags := append([]string{"train", "--all-reduce", "--force", "--out", "ranks.safetensors"}, classifier...)
		if said, err := b.inRanks(t, launcher, 2, plain, flags...); err != nil {
			t.Errorf("%s, --all-reduce: %v\n%s", launcher, err, said)
		}
	}
}

// A rank that is killed ends all. With another number of ranks the run goes on to the same bytes.
func TestKilledRank(t *testing.T) {
	all := launchers(t)
	b := newBench(t)
	flags := func(epochs int) []string {
		return append(language, "--force", "--save-every", "7", "--epochs", fmt.Sprint(epochs))
	}
	for _, launcher := range all {
		// The checkpoint is there: the rank dies in its process, as kill -9 would have it.
		kill := `[ $RANK = 2 ] && (while [ ! -s ranks.safetensors ]; do sleep 0.01; done; kill -9 $$) & exec "$@"`
		epochs := 2
		for { // where the shell waited for long for its turn, the run is made longer
			_ = os.Remove(filepath.Join(b.folder, "ranks.safetensors"))
			said, err := b.inRanks(t, launcher, 4, kill, append([]string{"train", "--out", "ranks.safetensors"}, flags(epochs)...)...)
			if err != nil {
				break
			}
			if epochs *= 4; epochs > 500 {
				t.Fatalf("%s: a run whose rank is killed comes to its end\n%s", launcher, said)
			}
		}
		if said, err := b.inRanks(t, launcher, 3, plain, "train", "--resume", "ranks.safetensors"); err != nil {
			t.Fatalf("%s: %v\n%s", launcher, err, said)
		}
		want := b.alone(t, "alone.safetensors", flags(epochs)...)
		if got := b.sum(t, "ranks.safetensors"); got != want {
			t.Errorf("%s: killed with 4 ranks, and resumed with 3: sha256 %s; want %s", launcher, got, want)
		}
	}
}

// A rank that fails, hangs or differs ends all, and is named.
func TestBadRank(t *testing.T) {
	all := launchers(t)
	b := newBench(t)
	b.write(t, "other/reviews.csv", "text,label\n"+strings.Repeat("the other film,positive\nthe other plot,negative\n", 80))
	b.write(t, "none/empty", "")
	for name, c := range map[string]struct {
		script string
		want   []string
		flags  []string
	}{
		"without data":       {`[ $RANK = 1 ] && cd none; exec "$@"`, []string{"rank 1 on", "reviews.csv", "no such file"}, nil},
		"with other data":    {`[ $RANK = 1 ] && cd other; exec "$@"`, []string{"do not agree on the data (table, sha256)", "rank 1 on"}, nil},
		"with other flags":   {`[ $RANK = 1 ] && set -- "$@" --lr 0.3; exec "$@"`, []string{"do not agree on --lr", `rank 1 on`, `has "0.3"`}, nil},
		"with other kernels": {`[ $RANK = 1 ] && export UNROLL_KERNEL=generic; exec "$@"`, []string{"do not agree on the kernels", `has "generic"`}, nil},
		"that hangs": {`[ $RANK = 1 ] && (while [ ! -s bad.safetensors ]; do sleep 0.01; done; kill -STOP $$) & exec "$@"`,
			[]string{"has waited 3s for rank 1 on"}, []string{"--timeout", "3s", "--save-every", "2", "--epochs", "500", "--patience", "0"}},
		"for too few shards": {plain, []string{"--shards 1 for 2 processes"}, []string{"--shards", "1"}},
	} {
		with := all[:1] // most is found before MPI has more to do than to pass the rank's news on
		if name == "without data" || name == "that hangs" {
			with = all
		}
		for _, launcher := range with {
			_ = os.Remove(filepath.Join(b.folder, "bad.safetensors"))
			said, err := b.inRanks(t, launcher, 2, c.script, append(append([]string{"train", "--force", "--out", "bad.safetensors"}, classifier...), c.flags...)...)
			if err == nil {
				t.Errorf("%s: a rank %s: no error\n%s", launcher, name, said)
			}
			for _, w := range c.want {
				if !strings.Contains(said, w) {
					t.Errorf("%s: a rank %s: want %q in\n%s", launcher, name, w, said)
				}
			}
		}
	}
}

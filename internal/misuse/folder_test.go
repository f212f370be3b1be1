package misuse

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

// workPrefix begins the names of the folders in which the calls of this package happen.
const workPrefix = "unroll-misuse-"

// workFolder makes a folder for a test, which removes it at its end. It also removes those of runs that were killed with
// all of their processes: no run lasts a day.
func workFolder(t *testing.T) string {
	t.Helper()
	folders, err := filepath.Glob(filepath.Join(os.TempDir(), workPrefix+"*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range folders {
		if info, err := os.Stat(f); err == nil && time.Since(info.ModTime()) > 24*time.Hour {
			removeWork(f)
		}
	}
	folder, err := os.MkdirTemp("", workPrefix) //nolint:usetesting // t.TempDir's names do not tell whose they are
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { removeWork(folder) })
	return folder
}

// removeWork removes what workFolder made, and nothing else.
func removeWork(folder string) {
	if strings.HasPrefix(filepath.Base(folder), workPrefix) {
		_ = os.RemoveAll(folder) // what stays is for a later run to remove
	}
}

// makeFolder makes a folder in another, if it is not there yet: a worker takes the place of one that died.
func makeFolder(t *testing.T, in, name string) string {
	t.Helper()
	path := filepath.Join(in, name)
	if err := os.MkdirAll(path, 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}

// A sweep that is killed leaves nothing behind: its workers find that nobody listens, and tidy up.
func TestKilledSweepLeavesNothing(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("a folder in which a process works cannot be removed there")
	}
	tmp := t.TempDir()
	old := filepath.Join(tmp, workPrefix+"old")
	if err := os.MkdirAll(filepath.Join(old, "fixtures"), 0o755); err != nil {
		t.Fatal(err)
	}
	long := time.Now().Add(-48 * time.Hour)
	if err := os.Chtimes(old, long, long); err != nil {
		t.Fatal(err)
	}
	c := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestSweep$", "-calls=1000000000")
	c.Env = append(os.Environ(), "TMPDIR="+tmp)
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	wait := func(what string, found func() bool) {
		t.Helper()
		for range 6000 {
			if found() {
				return
			}
			time.Sleep(10 * time.Millisecond)
		}
		t.Fatalf("waited in vain for %s", what)
	}
	left := func(pattern string) []string {
		list, err := filepath.Glob(filepath.Join(tmp, workPrefix+pattern))
		if err != nil {
			t.Fatal(err)
		}
		return list
	}
	wait("a worker", func() bool { return len(left("*/worker*")) > 0 })
	if found := left("old"); found != nil {
		t.Errorf("%v, two days old, is there still", found)
	}
	if err := c.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := c.Wait(); err == nil {
		t.Fatal("the sweep was over before it was killed")
	}
	wait(fmt.Sprintf("%s to be empty", tmp), func() bool { return len(left("*")) == 0 })
}

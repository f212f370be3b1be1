package atomicfile

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pkg/errors"
)

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := WriteBytes(path, []byte(text)); err != nil {
		t.Fatal(err)
	}
}

func wantText(t *testing.T, path, want string) {
	t.Helper()
	if data, err := os.ReadFile(path); err != nil || string(data) != want {
		t.Errorf("%s: %q, %v; want %q", path, data, err, want)
	}
}

// wantNames checks what is in a folder, hidden files too.
func wantNames(t *testing.T, dir string, want ...string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	slices.Sort(want)
	if !slices.Equal(names, want) {
		t.Errorf("the folder has %q; want %q", names, want)
	}
}

// A file that cannot be filled leaves the old one as it was, and nothing beside it; so does a panic.
func TestWrite(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "file")
	write(t, path, "first")
	failed := errors.New("no more")
	fill := func(end func() error) func(io.Writer) error {
		return func(w io.Writer) error {
			if _, err := w.Write([]byte("second")); err != nil {
				return err
			}
			return end()
		}
	}
	if err := Write(path, fill(func() error { return failed })); err != failed {
		t.Errorf("want the error of the filling, found %v", err)
	}
	func() {
		defer func() { _ = recover() }()
		_ = Write(path, fill(func() error { panic("in the middle") }))
	}()
	wantText(t, path, "first")
	write(t, path, "third")
	wantText(t, path, "third")
	wantNames(t, dir, "file")
	err := WriteBytes(filepath.Join(dir, "none", "file"), nil)
	if !errors.Is(err, os.ErrNotExist) || !strings.Contains(err.Error(), filepath.Join("none", "file")+":") {
		t.Errorf("a file in a folder that is not there: %v", err)
	}
	called := false
	if err := Write(dir, func(io.Writer) error { called = true; return nil }); err == nil || called {
		t.Errorf("a folder was written: %v", err)
	}
}

// The longest name that the file system takes leaves room for no other name beside it.
// A full disk is an error that names the file, and an error about another file stays as it is.
func TestErrorsNameTheFile(t *testing.T) {
	for path, want := range map[string]string{"/a/.b.1.unroll-tmp": "model: write /a/b: no space", "/other": "model: write /other: no space"} {
		err := errors.Wrap(&os.PathError{Op: "write", Path: path, Err: errors.New("no space")}, "model")
		if found := instead(err, "/a/.b.1.unroll-tmp", "/a/b"); found.Error() != want {
			t.Errorf("%q; want %q", found, want)
		}
	}
}

func TestLongName(t *testing.T) {
	dir := t.TempDir()
	name := strings.Repeat("ü", 127)
	write(t, filepath.Join(dir, name), "x")
	wantNames(t, dir, name)
}

func TestPermissions(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("permissions of Unix")
	}
	dir := t.TempDir()
	plain, err := os.Create(filepath.Join(dir, "plain")) // what the umask leaves of 0666
	if err != nil {
		t.Fatal(err)
	}
	plain.Close()
	info, err := os.Stat(plain.Name())
	if err != nil {
		t.Fatal(err)
	}
	mode := func(name string) os.FileMode {
		t.Helper()
		write(t, filepath.Join(dir, name), "x")
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		return info.Mode()
	}
	if found := mode("new"); found != info.Mode() {
		t.Errorf("a new file has %v; want %v", found, info.Mode())
	}
	for _, want := range []os.FileMode{0o600, 0o640, 0o664, 0o666, 0o755} {
		name := fmt.Sprint("old", want)
		if err := os.WriteFile(filepath.Join(dir, name), nil, want); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(filepath.Join(dir, name), want); err != nil { // whatever the umask
			t.Fatal(err)
		}
		if found := mode(name); found != want {
			t.Errorf("a file with %v was replaced by one with %v", want, found)
		}
	}
}

// Links stay links, and what they name is written: a file in another folder, through another link, or one that is not there.
func TestLinks(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	if err := os.MkdirAll(at("store/deep"), 0o777); err != nil {
		t.Fatal(err)
	}
	for name, target := range map[string]string{
		"link": "store/file", "twice": "link", "absolute": at("store/other"), "dangling": "store/new", "loop": "loop",
		"folder": "store/deep", "up": "folder/../above", // the folder above store/deep is store
	} {
		if err := os.Symlink(target, at(name)); err != nil {
			t.Skip(err) // Windows, without the right to make them
		}
	}
	for _, c := range []struct{ link, file string }{
		{"link", "store/file"}, {"twice", "store/file"}, {"absolute", "store/other"}, {"dangling", "store/new"}, {"up", "store/above"},
	} {
		if err := Probe(at(c.link)); err != nil {
			t.Error(err)
		}
		write(t, at(c.link), c.link)
		wantText(t, at(c.file), c.link)
		if info, err := os.Lstat(at(c.link)); err != nil || info.Mode()&os.ModeSymlink == 0 {
			t.Errorf("%s is no link any more", c.link)
		}
	}
	if err := WriteBytes(at("loop"), nil); err == nil || !strings.Contains(err.Error(), "symbolic links") {
		t.Errorf("a link to itself: %v", err)
	}
	if err := WriteBytes(at("folder"), nil); err == nil {
		t.Error("a link to a folder was written")
	}
	wantNames(t, at("store"), "above", "deep", "file", "new", "other")
}

// What dead processes left is swept away; what others write, and files with names alike, stay.
func TestSweep(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	stay := []string{".file.notes", ".file.0123456789abcdef.tmp", ".file.txt.0123456789abcdef.unroll-tmp", ".file.0123.unroll-tmp"}
	for _, name := range append([]string{".file.0123456789abcdef.unroll-tmp", ".file.fedcba9876543210.unroll-tmp"}, stay...) {
		if err := os.WriteFile(at(name), []byte("half"), 0o600); err != nil {
			t.Fatal(err)
		}
		long := time.Now().Add(-48 * time.Hour)
		if err := os.Chtimes(at(name), long, long); err != nil {
			t.Fatal(err)
		}
	}
	living, err := temporary(at("file"))
	if err != nil {
		t.Fatal(err)
	}
	defer living.Close()
	write(t, at("file"), "whole")
	wantNames(t, dir, append(stay, "file", filepath.Base(living.Name()))...)
}

// A file that another process is about to sweep away is not taken for the writer's own.
func TestLockOfAnother(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no locks, as files that are open cannot be removed")
	}
	path := filepath.Join(t.TempDir(), "file")
	write(t, path, "half")
	var two [2]*os.File
	for i := range two {
		f, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { f.Close() })
		two[i] = f
	}
	if !lock(two[0]) || lock(two[1]) {
		t.Error("want the first lock taken and the second refused")
	}
}

// A temporary file is the writer's from the moment it is returned, however many others sweep.
func TestSweepLeavesNewFiles(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	var sweepers sync.WaitGroup
	done := make(chan struct{})
	for range 2 {
		sweepers.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
					sweep(path)
				}
			}
		})
	}
	for range 500 {
		f, err := temporary(path)
		if err != nil {
			t.Fatal(err)
		}
		for range 5 {
			runtime.Gosched()
		}
		if !sameFile(f) {
			t.Error("a temporary file in use was removed")
		}
		os.Remove(f.Name())
		f.Close()
	}
	close(done)
	sweepers.Wait()
}

// Many writers of one file at once: every reader finds one whole text, and nothing else stays.
func TestManyWriters(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "file")
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			for range 5 {
				if err := WriteBytes(path, []byte(strings.Repeat(fmt.Sprint(i), 1000))); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	if data, err := os.ReadFile(path); err != nil || len(data) != 1000 || strings.Trim(string(data), string(data[:1])) != "" {
		t.Errorf("%d bytes, %v", len(data), err)
	}
	wantNames(t, dir, "file")
}

// Of many that claim one name, one gets it; released, it is free unless it was written.
func TestClaim(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "file")
	var mu sync.Mutex
	var releases []func()
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			release, err := Claim(path)
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				releases = append(releases, release)
			} else if !errors.Is(err, os.ErrExist) {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if len(releases) != 1 {
		t.Fatalf("%d claimed one name", len(releases))
	}
	releases[0]()
	wantNames(t, dir)
	for _, text := range []string{"written", ""} { // an empty file that was written is not the one that was claimed
		release, err := Claim(path)
		if err != nil {
			t.Fatal(err)
		}
		write(t, path, text)
		release()
		wantText(t, path, text)
		if _, err := Claim(path); text != "" && !errors.Is(err, os.ErrExist) {
			t.Errorf("a file that is there was claimed: %v", err)
		}
		os.Remove(path)
	}
}

// An empty file is free when the process that claimed it has died; while it lives, nobody else gets the name.
func TestClaimOfADeadProcess(t *testing.T) {
	if abandoned(os.DevNull) != nil {
		t.Error("a device was taken for a file that was left")
	}
	switch runtime.GOOS {
	case "darwin", "dragonfly", "freebsd", "linux", "netbsd", "openbsd":
	default:
		t.Skip("there are no locks that tell")
	}
	dir := t.TempDir()
	path := filepath.Join(dir, "file")
	c := exec.Command(os.Args[0], "-test.run=^TestClaimer$")
	c.Env = append(os.Environ(), claimerPath+"="+path)
	stdin, err := c.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	defer stdin.Close()
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(stdout).ReadString('\n'); err != nil || line != "claimed\n" {
		t.Fatalf("%q, %v", line, err)
	}
	if _, err := Claim(path); !errors.Is(err, os.ErrExist) {
		t.Errorf("claimed, while a living process has it: %v", err)
	}
	if err := c.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = c.Wait() // it was killed
	wantText(t, path, "")
	release, err := Claim(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Claim(path); !errors.Is(err, os.ErrExist) {
		t.Errorf("claimed twice: %v", err)
	}
	write(t, path, "text")
	release()
	wantText(t, path, "text")
}

// claimerPath names the file to a process that is there to be killed.
const claimerPath = "UNROLL_TEST_CLAIM"

// TestClaimer is such a process: it claims a name and waits.
func TestClaimer(t *testing.T) {
	path := os.Getenv(claimerPath)
	if path == "" {
		t.Skip("the process that another test kills")
	}
	release, err := Claim(path)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Println("claimed")
	_, _ = io.Copy(io.Discard, os.Stdin)
	release()
}

func TestProbe(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	write(t, at("file"), "x")
	if err := os.Mkdir(at("locked"), 0o555); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ path, want string }{
		{at("file"), ""}, {at("new"), ""}, {dir, "is a folder"}, {at("none/file"), "does not exist"}, {at("file/file"), "does not exist"},
		{at("locked/file"), "permission denied"},
	} {
		if c.want == "permission denied" && (os.Geteuid() == 0 || runtime.GOOS == "windows") {
			continue // to whom every folder is open
		}
		err := Probe(c.path)
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), c.path)) {
			t.Errorf("%s: %v; want %q", c.path, err, c.want)
		}
	}
	wantNames(t, dir, "file", "locked")
	wantText(t, at("file"), "x")
}

// A device is written to, not replaced.
func TestDevice(t *testing.T) {
	before, err := os.Stat(os.DevNull)
	if err != nil {
		t.Skip(err)
	}
	write(t, os.DevNull, "x")
	if after, err := os.Stat(os.DevNull); err != nil || after.Mode() != before.Mode() {
		t.Errorf("%v became %v, %v", before.Mode(), after.Mode(), err)
	}
}

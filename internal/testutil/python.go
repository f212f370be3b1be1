package testutil

import (
	"cmp"
	"os"
	"os/exec"
	"sync"
	"testing"
)

// failures are what is known of interpreters: which cannot run what. To ask takes a second.
var failures sync.Map

// Python is the interpreter that an environment variable names, or python3. The test is skipped if it cannot run some statements,
// such as import onnx.
func Python(t testing.TB, variable, statements string) string {
	t.Helper()
	name := cmp.Or(os.Getenv(variable), "python3")
	fails, known := failures.Load(name + "\n" + statements)
	if !known {
		fails = exec.Command(name, "-c", statements).Run() != nil
		failures.Store(name+"\n"+statements, fails)
	}
	if fails.(bool) {
		t.Skipf("%s cannot run %q; name another interpreter in %s", name, statements, variable)
	}
	return name
}

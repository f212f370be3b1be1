package serve

import (
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// examples is how many requests are made up for each operation; more may be asked for by UNROLL_SERVE_EXAMPLES.
const examples = "10"

// What the document says holds for requests that a tool makes up from it, good and bad ones: statuses, types and shapes of answers,
// and no fault. The tool is schemathesis, beside the Python of the other clients.
func TestDescription(t *testing.T) {
	tool, err := filepath.Abs(filepath.Join(filepath.Dir(os.Getenv(pythonWithClients)), "schemathesis"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(tool); err != nil || os.Getenv(pythonWithClients) == "" {
		t.Skipf("set %s to a Python beside which there is schemathesis", pythonWithClients)
	}
	most := os.Getenv("UNROLL_SERVE_EXAMPLES")
	if most == "" {
		most = examples
	}
	s, _, _ := newServer(t, Options{MaxBody: 1 << 20, MaxTokens: 256, MaxRows: 256, Timeout: 10 * time.Second, Concurrent: 64}, "text", "mood", "trend")
	h := httptest.NewServer(s)
	defer h.Close()
	post(t, h.URL+"/v1/sessions", `{"id":"text","model":"text","prompt":"the quick"}`, new(any))
	post(t, h.URL+"/v1/sessions", `{"id":"trend","model":"trend"}`, new(any))
	for _, known := range []string{"", "text", "trend"} { // models and sessions made up, and those that are there
		config := filepath.Join(t.TempDir(), "schemathesis.toml")
		settings, phases := "", "examples,coverage,fuzzing,stateful"
		args := []string{"--exclude-operation-id", "watchSession", "--exclude-operation-id", "streamSession"} // they last, and take lines: FuzzSessions has them
		if known != "" {
			settings, phases = fmt.Sprintf("[parameters]\n\"path.model\" = %q\n\"path.id\" = %q\n", known, known), "fuzzing"
			args = append(args, "--exclude-operation-id", "deleteSession")
		}
		if err := os.WriteFile(config, []byte(settings), 0o600); err != nil {
			t.Fatal(err)
		}
		args = append([]string{"--config-file", config, "run", h.URL + "/openapi.json", "--phases", phases, "--max-examples", most, "--checks",
			"not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance,response_headers_conformance",
			"--generation-deterministic", "--request-timeout", "20", "--suppress-health-check", "all", "--no-color", "--workers", "2"}, args...)
		run := exec.Command(tool, args...)
		run.Dir = filepath.Dir(config) // it keeps there what it finds
		out, err := run.CombinedOutput()
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		t.Logf("%s", out)
	}
}

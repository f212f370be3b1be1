package command

import (
	"context"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"
)

// The session of the tutorial, from an empty folder to a service that answers. Its data are in the library, so that it trains as
// a reader does.
func TestTutorialTranscript(t *testing.T) {
	if testing.Short() {
		t.Skip("trains for some seconds")
	}
	all := sessions(t, "tutorial.md")
	if len(all) < 8 {
		t.Fatalf("only %d commands were found", len(all))
	}
	t.Chdir(t.TempDir())
	var service service
	for _, s := range all {
		switch {
		case strings.HasPrefix(s.command, "unroll serve "):
			service.begin(t, s)
		case strings.HasPrefix(s.command, "curl "):
			service.ask(t, s)
		default:
			play(t, []session{s})
		}
	}
	if service.address == "" {
		t.Error("the tutorial serves nothing")
	}
}

// service is `unroll serve` in the background, at a port that is free.
type service struct{ address string }

func (s *service) begin(t *testing.T, shown session) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	r, w := io.Pipe()
	ended := make(chan bool)
	command := rootCommand()
	command.SetArgs(append(arguments(strings.TrimSuffix(shown.command, " &"))[1:], "--listen", "127.0.0.1:0", "--log", "off"))
	command.SetErr(w)
	go func() {
		if err := command.ExecuteContext(ctx); err != nil {
			t.Error(err)
		}
		w.Close()
		ended <- true
	}()
	t.Cleanup(func() {
		cancel()
		<-ended
	})
	said := make([]byte, 1000)
	n, err := r.Read(said)
	if err != nil {
		t.Fatal(err)
	}
	go io.Copy(io.Discard, r)
	s.address = regexp.MustCompile(`http://\S+`).FindString(string(said[:n]))
	if withoutNumbers(string(said[:n])) != withoutNumbers(shown.lines[0]) {
		t.Errorf("$ %s\nsays %s", shown.command, said[:n])
	}
}

// ask does what a line of curl does: a POST with -d, a GET without.
func (s *service) ask(t *testing.T, shown session) {
	t.Helper()
	m := regexp.MustCompile(`^curl (?:-d '([^']*)' )?localhost:8080(/\S+)$`).FindStringSubmatch(shown.command)
	if m == nil {
		t.Fatalf("$ %s\nis not understood here", shown.command)
	}
	method := http.MethodGet
	if m[1] != "" {
		method = http.MethodPost
	}
	request, err := http.NewRequest(method, s.address+m[2], strings.NewReader(m[1]))
	if err != nil {
		t.Fatal(err)
	}
	client := http.Client{Timeout: time.Minute}
	answer, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK || withoutNumbers(string(text)) != withoutNumbers(strings.Join(shown.lines, "\n")) {
		t.Errorf("$ %s\nstatus %d, %v: %s", shown.command, answer.StatusCode, err, text)
	}
}

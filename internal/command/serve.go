package command

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/pkg/errors"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"github.com/unroll-go/unroll/recurrent/models/serve"
)

// serveFlags are the command line of serve.
type serveFlags struct {
	models    modelList
	weights   string
	listen    string
	hosts     []string
	keyFile   string
	cert, key string
	tls       *tls.Config // nil for HTTP
	logs      string
	watch     time.Duration
	grace     time.Duration
	options   serve.Options
}

// modelList is a flag that may be given several times: the first time in place of what it was.
type modelList struct {
	list  []string
	given bool
}

func (m *modelList) String() string { return strings.Join(m.list, ",") }

// Set adds a model.
func (m *modelList) Set(s string) error {
	if s == "" {
		return errors.New("want a file, or NAME=FILE")
	}
	if !m.given {
		m.list = nil
	}
	m.list, m.given = append(m.list, s), true
	return nil
}

// Type is what the help calls the value.
func (m *modelList) Type() string { return "[NAME=]FILE" }

func serveCommand() *cobra.Command {
	var fl serveFlags
	cmd := &cobra.Command{
		Use:   "serve --model FILE",
		Short: "Serve models to other programs over HTTP",
		Long: `Serve models of any kind, and networks of ONNX and Keras, to programs that ask
over HTTP: clients of KServe and Triton (/v2), OpenAI's client for completions
of language models (/v1), SageMaker's and MLflow's (/ping, /invocations), and
any that posts JSON. A browser finds a page at /. Requests that come together
are computed together.

A session is what a network remembers of a text or of rows, kept between
requests (/v1/sessions): with --sessions FILE also after a restart.

It listens on this machine alone unless --listen says otherwise. Models are read
again on SIGHUP, and when their files change; SIGTERM and Ctrl-C end it once
the requests are answered that it has.`,
		Example: `  unroll serve --model reviews.safetensors
  curl -d '["a wonderful evening"]' localhost:8080/invocations
  unroll serve --model book=kjv --model mail=spam --sessions sessions.db
  curl -d '{"model":"book","prompt":"In the","max_tokens":40}' \
    localhost:8080/v1/completions`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usage("what is %q? Models are named with --model", args[0])
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return fl.run(cmd) },
	}
	f, o := cmd.Flags(), &fl.options
	fl.models.list = []string{firstName}
	f.Var(&fl.models, modelFlag, "model to serve, under the name of its file or NAME; may be given several times")
	weightsFlag(cmd, &fl.weights)
	f.StringVar(&fl.listen, "listen", "localhost:8080", "address and port; :8080 is all addresses of this machine")
	f.StringSliceVar(&fl.hosts, "host", nil, "name by which clients of this machine may ask, beside localhost; a proxy may pass one on")
	f.StringVar(&fl.keyFile, "keys", "", "file of keys, one a line, of which requests must have one (Authorization: Bearer KEY)")
	f.StringVar(&fl.cert, "tls-cert", "", "certificate for HTTPS, a PEM file")
	f.StringVar(&fl.key, "tls-key", "", "private key of the certificate")
	f.StringVar(&fl.logs, "log", "text", "log on standard error, a line for each request: text, json or off")
	f.DurationVar(&fl.watch, "reload-every", 5*time.Second, "how often files of models are looked at for changes; 0 for never")
	f.DurationVar(&fl.grace, "grace", 25*time.Second, "how long requests may go on after SIGTERM")
	f.Int64Var(&o.MaxBody, "max-body", 8<<20, "bytes of a request")
	f.IntVar(&o.MaxTokens, "max-tokens", 16384, "tokens of a text, and of what is generated for a request")
	f.IntVar(&o.MaxRows, "max-rows", 10000, "texts or rows of a request")
	f.IntVar(&o.Concurrent, "max-requests", 1024, "requests at a time; more get status 429")
	f.IntVar(&o.Streams, "max-streams", 10000, "streams of sessions at a time; more get status 429")
	f.DurationVar(&o.Timeout, "timeout", time.Minute, "time for a request")
	f.IntVar(&o.BatchRows, "batch", 64, "rows that are computed together")
	f.DurationVar(&o.BatchWait, "batch-wait", 2*time.Millisecond, "how long a request waits for others on their way; below 0 for not at all")
	f.StringVar(&o.Sessions.Path, "sessions", "", "file that keeps the sessions; in memory alone unless given")
	f.Int64Var(&o.Sessions.Memory, "session-memory", 256<<20, "bytes of sessions in memory")
	f.IntVar(&o.Sessions.Most, "max-sessions", 1_000_000, "sessions at most")
	f.DurationVar(&o.Sessions.Expire, "session-expire", 24*time.Hour, "after that long without use, a session is deleted; below 0 for never")
	f.BoolVar(&o.Sessions.Sync, "session-sync", false, "answer only once a session is on the disk, so that a loss of power loses nothing")
	return cmd
}

// modelFiles are the models to serve with their names.
func (fl *serveFlags) modelFiles() ([]serve.ModelFile, error) {
	var out []serve.ModelFile
	for _, one := range fl.models.list {
		name, path, named := strings.Cut(one, "=")
		if _, err := os.Stat(one); err == nil || !named {
			path = one
			name = strings.TrimSuffix(filepath.Base(one), filepath.Ext(one))
		}
		path, err := resolve(path)
		if err == nil && !exists(path) {
			err = errors.New("there is no such file")
		}
		if err != nil && !fl.models.given {
			return nil, usage("name a model: --model FILE (%s: %v)", one, err)
		}
		if err != nil {
			return nil, errors.WithMessagef(err, "--model %s", one)
		}
		out = append(out, serve.ModelFile{Name: name, Path: path})
	}
	return out, nil
}

// logger writes the log.
func (fl *serveFlags) logger(w io.Writer) (*slog.Logger, error) {
	switch fl.logs {
	case "text":
		return slog.New(slog.NewTextHandler(w, nil)), nil
	case "json":
		return slog.New(slog.NewJSONHandler(w, nil)), nil
	case "off":
		return slog.New(slog.DiscardHandler), nil
	}
	return nil, usage("--log %q; want text, json or off", fl.logs)
}

// readKeys reads the file of keys.
func readKeys(path string) ([]string, error) {
	if path == "" {
		return nil, nil
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, errors.Wrap(err, "--keys")
	}
	keys := strings.Fields(string(data))
	if len(keys) == 0 {
		return nil, errors.Errorf("%s (--keys) has no keys; want one a line", path)
	}
	return keys, nil
}

// bounds are flags of what is to be above zero.
var bounds = []string{
	"max-body", "max-tokens", "max-rows", "max-requests", "max-streams", "timeout", "batch", "session-memory", "max-sessions",
}

// check refuses bounds that make no sense, by the names of their flags.
func (fl *serveFlags) check(f *pflag.FlagSet) error {
	for _, name := range bounds {
		if v := f.Lookup(name).Value.String(); strings.HasPrefix(v, "-") || v == "0" || v == "0s" {
			return usage("--%s is %s; want more than 0", name, v)
		}
	}
	return nil
}

// certify reads the certificate, if there is one.
func (fl *serveFlags) certify() error {
	if (fl.cert == "") != (fl.key == "") {
		return usage("--tls-cert and --tls-key go together")
	}
	if fl.cert == "" {
		return nil
	}
	pair, err := tls.LoadX509KeyPair(fl.cert, fl.key)
	if err != nil {
		return errors.Wrapf(err, "--tls-cert %s, --tls-key %s", fl.cert, fl.key)
	}
	fl.tls = &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{pair}}
	return nil
}

func (fl *serveFlags) run(cmd *cobra.Command) error {
	var err error
	o := &fl.options
	if o.Weights, err = weightFormat(fl.weights); err != nil {
		return err
	}
	if err := fl.check(cmd.Flags()); err != nil {
		return err
	}
	if err := fl.certify(); err != nil {
		return err
	}
	if o.Log, err = fl.logger(cmd.ErrOrStderr()); err != nil {
		return err
	}
	if o.Models, err = fl.modelFiles(); err != nil {
		return err
	}
	if o.Keys, err = readKeys(fl.keyFile); err != nil {
		return err
	}
	listener, err := net.Listen("tcp", fl.listen)
	if err != nil {
		return errors.Wrapf(err, "--listen %s", fl.listen)
	}
	defer func() { _ = listener.Close() }() // the service has closed it by then
	o.Hosts = fl.allowedHosts(listener.Addr())
	s, err := serve.New(*o)
	if err != nil {
		return err
	}
	defer func() { _ = s.Close() }() // what could not be kept has been told
	ctx, stop := signal.NotifyContext(cmd.Context(), os.Interrupt, terminate)
	defer stop()
	scheme := "http"
	if fl.cert != "" {
		scheme = "https"
	}
	tell(cmd.ErrOrStderr(), "Serving", "%s at %s://%s", namesOf(o.Models), scheme, listener.Addr())
	return fl.serve(ctx, s, listener)
}

// allowedHosts are the names by which a service on this machine alone is asked for. One that others reach has names that it does
// not know.
func (fl *serveFlags) allowedHosts(at net.Addr) []string {
	if tcp, ok := at.(*net.TCPAddr); !ok || !tcp.IP.IsLoopback() {
		return fl.hosts
	}
	host, _, _ := net.SplitHostPort(fl.listen) // net.Listen has read it
	out := append([]string{"localhost", "127.0.0.1", "::1"}, fl.hosts...)
	if host != "" && !slices.Contains(out, host) {
		out = append(out, host)
	}
	return out
}

func namesOf(list []serve.ModelFile) string {
	names := make([]string, len(list))
	for i, m := range list {
		names[i] = m.Name
	}
	return strings.Join(names, ", ")
}

// serve answers until ctx ends, and then what it has begun to.
func (fl *serveFlags) serve(ctx context.Context, s *serve.Server, l net.Listener) error {
	h := &http.Server{
		Handler: s, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 64 << 10,
		ErrorLog: slog.NewLogLogger(fl.options.Log.Handler(), slog.LevelDebug),
	}
	failed := make(chan error, 1)
	go func() {
		if h.TLSConfig = fl.tls; fl.tls != nil {
			failed <- h.ServeTLS(l, "", "")
			return
		}
		failed <- h.Serve(l)
	}()
	again := make(chan os.Signal, 1)
	notifyReload(again)
	defer signal.Stop(again)
	var tick <-chan time.Time
	if fl.watch > 0 {
		t := time.NewTicker(fl.watch)
		defer t.Stop()
		tick = t.C
	}
	for {
		select {
		case err := <-failed:
			return err
		case <-again:
			fl.reload(s)
		case <-tick:
			fl.reload(s)
		case <-ctx.Done():
			s.Drain()
			fl.shutdown(h)
			return nil
		}
	}
}

// reload reads files that have changed; what is wrong with one is told, and its model stays as it was.
func (fl *serveFlags) reload(s *serve.Server) {
	if err := s.Reload(); err != nil {
		fl.options.Log.Error("reload", "error", fmt.Sprint(err))
	}
}

// shutdown lets the requests end that are being answered.
func (fl *serveFlags) shutdown(h *http.Server) {
	end, cancel := context.WithTimeout(context.Background(), fl.grace)
	defer cancel()
	if err := h.Shutdown(end); err != nil {
		fl.options.Log.Warn("requests were cut off", "after", fl.grace)
		_ = h.Close() // they have had their time
	}
}

package command

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os/exec"
	"os/signal"
	"runtime"
	"time"

	"github.com/pkg/errors"
	"github.com/spf13/cobra"
	"github.com/unroll-go/unroll/docs/site"
)

// explainRNNCommand opens the page about recurrent networks. Its experiments are computed by this process.
func explainRNNCommand() *cobra.Command {
	var listen string
	var stay bool
	cmd := &cobra.Command{
		Use:   "rnn",
		Short: "Open a page on which you try what a recurrent network is",
		Long: `Open a page in the browser that explains recurrent networks: every statement
is an experiment that you run, in English or Vietnamese. This command computes
until you end it with Ctrl-C. Nothing is sent to anywhere else.`,
		Example: `  unroll explain rnn
  unroll explain rnn --no-browser --listen localhost:8080`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usage("found %q; want nothing. The text rnn itself is explained by: echo rnn | unroll explain", args[0])
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, stop := signal.NotifyContext(cmd.Context(), endSignals...)
			defer stop()
			l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", listen)
			if err != nil {
				return errors.Wrapf(err, "--listen %s", listen)
			}
			address := "http://" + l.Addr().String() + "/"
			fmt.Fprintln(cmd.OutOrStdout(), "The page is at", address, "until Ctrl-C")
			if !stay {
				// Where there is no browser, the address stands above.
				_ = browse(address)
			}
			return serveUntil(ctx, l, site.Handler())
		},
	}
	cmd.Flags().StringVar(&listen, "listen", "localhost:0", "address to listen on; port 0 for a free one")
	cmd.Flags().BoolVar(&stay, "no-browser", false, "do not open a browser")
	return cmd
}

// serveUntil serves until ctx ends.
func serveUntil(ctx context.Context, l net.Listener, h http.Handler) error {
	server := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second}
	done := make(chan error, 1)
	go func() { done <- server.Serve(l) }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return server.Close()
	}
}

// browse opens a page with what the system has for it.
func browse(address string) error {
	switch runtime.GOOS {
	case "darwin":
		return exec.Command("open", address).Start()
	case "windows":
		return exec.Command("rundll32", "url.dll,FileProtocolHandler", address).Start()
	}
	return exec.Command("xdg-open", address).Start()
}

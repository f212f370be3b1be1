package site

import (
	"encoding/json"
	"io"
	"net"
	"net/http"
	"sync"

	"github.com/unroll-go/unroll/docs/site/lessons"
)

// Handler serves the page at /, and runs its lessons at /lesson/NAME: the settings are the body, in JSON, and each event is a line
// of the answer. One lesson runs at a time. It answers under addresses of this machine and the name localhost alone, so that no
// page from elsewhere can use it.
func Handler() http.Handler {
	mux := http.NewServeMux()
	html := Page(nil, nil)
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write(html) // a reader that has gone needs no answer
	})
	var running sync.Mutex
	session := &lessons.Session{}
	mux.HandleFunc("POST /lesson/{name}", func(w http.ResponseWriter, r *http.Request) {
		settings, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 4096))
		if err != nil {
			http.Error(w, err.Error(), http.StatusRequestEntityTooLarge)
			return
		}
		running.Lock()
		defer running.Unlock()
		w.Header().Set("Content-Type", "application/x-ndjson")
		out, lines := http.NewResponseController(w), json.NewEncoder(w)
		err = session.Run(r.Context(), r.PathValue("name"), settings, func(event any) error {
			if err := lines.Encode(event); err != nil {
				return err
			}
			return out.Flush()
		})
		if err != nil {
			_ = lines.Encode(map[string]string{"error": err.Error()}) // see above
		}
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !ours(r.Host) {
			http.Error(w, "want an address of this machine, or localhost", http.StatusForbidden)
			return
		}
		mux.ServeHTTP(w, r)
	})
}

// ours tells whether a host is this machine by an address or by the name localhost. A name of somebody else's that leads here is
// how pages get at what listens on this machine.
func ours(host string) bool {
	name, _, err := net.SplitHostPort(host)
	if err != nil {
		name = host
	}
	ip := net.ParseIP(name)
	return name == "localhost" || ip != nil && ip.IsLoopback()
}

package serve

import (
	"embed"
	"io/fs"
	"net/http"
)

// pages are the files of the page: no other address is asked for anything.
//
//go:embed page
var pages embed.FS

// pagePolicy has the browser hold to that.
const pagePolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; media-src blob:; connect-src 'self'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

func (s *Server) page(w http.ResponseWriter, r *http.Request) error {
	return s.pageFile(w, r, "index.html")
}

func (s *Server) pageFile(w http.ResponseWriter, r *http.Request, name string) error {
	files, err := fs.Sub(pages, "page")
	if err != nil {
		return err
	}
	if _, err := fs.Stat(files, name); err != nil {
		return refused(404, "there is no page %q", name)
	}
	h := w.Header()
	h.Set("Content-Security-Policy", pagePolicy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	http.ServeFileFS(w, r, files, name)
	return nil
}

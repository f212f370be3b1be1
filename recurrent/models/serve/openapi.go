package serve

import (
	_ "embed"
	"net/http"
)

// document describes every route (https://spec.openapis.org/oas/v3.0.3.html).
//
//go:embed openapi.json
var document []byte

func (s *Server) openAPI(w http.ResponseWriter, _ *http.Request) error {
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(document) // a client that has gone is told nothing
	return nil
}

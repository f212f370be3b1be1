package serve

import (
	"net/http"
)

// routes has every route of the service. Routes that only look (health, lists, metadata) need no key and no place among the
// requests at a time.
func (s *Server) routes() http.Handler {
	mux := http.NewServeMux()
	open := func(pattern string, style errorStyle, f handler) {
		mux.Handle(pattern, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if err := f(w, r); err != nil {
				fail(w, style, err)
			}
		}))
	}
	work := func(pattern string, style errorStyle, f handler) {
		mux.Handle(pattern, s.handle(style, f))
	}

	open("GET /{$}", plainError, s.page)
	open("GET /page/{file}", plainError, func(w http.ResponseWriter, r *http.Request) error { return s.pageFile(w, r, r.PathValue("file")) })
	open("GET /openapi.json", plainError, s.openAPI)
	open("GET /healthz", plainError, s.live)
	open("GET /ping", plainError, s.ready)
	mux.Handle("GET /metrics", s.metrics.handler())

	open("GET /v2", plainError, s.serverMetadata)
	open("GET /v2/health/live", plainError, s.live)
	open("GET /v2/health/ready", plainError, s.ready)
	for _, model := range []string{"/v2/models/{model}", "/v2/models/{model}/versions/{version}"} {
		open("GET "+model, plainError, s.modelMetadata)
		open("GET "+model+"/ready", plainError, s.modelReady)
		work("POST "+model+"/infer", plainError, s.infer)
	}
	open("POST /v2/repository/index", plainError, s.index)

	open("GET /v1/models", openAIError, s.modelList)
	open("GET /v1/models/{model}", openAIError, s.modelList)
	work("POST /v1/models/{model}/look", openAIError, s.look)
	work("POST /v1/completions", openAIError, s.completions)
	work("POST /v1/audio/transcriptions", openAIError, s.transcriptions)

	work("POST /invocations", mlflowError, s.invocations)
	work("POST /models/{model}/invocations", mlflowError, s.invocations)
	work("POST /endpoints/{model}/invocations", mlflowError, s.invocations)

	work("POST /v1/sessions", openAIError, s.createSession)
	work("GET /v1/sessions/{id}", openAIError, s.describeSession)
	work("DELETE /v1/sessions/{id}", openAIError, s.deleteSession)
	work("GET /v1/sessions/{id}/state", openAIError, s.exportSession)
	work("POST /v1/sessions/{id}/fork", openAIError, s.forkSession)
	work("POST /v1/sessions/{id}/read", openAIError, s.readSession)
	work("POST /v1/sessions/{id}/write", openAIError, s.writeSession)
	work("GET /v1/sessions/{id}/next", openAIError, s.nextOfSession)
	work("POST /v1/sessions/{id}/rows", openAIError, s.rowsOfSession)
	stream := s.admitted(s.streams, openAIError, s.streamSession)
	mux.Handle("GET /v1/sessions/{id}/stream", stream)
	mux.Handle("POST /v1/sessions/{id}/stream", stream)
	return s.observed(mux)
}

package serve

import (
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"strings"
)

// The Open Inference Protocol, version 2, over HTTP, with its extension for binary tensors:
// https://kserve.github.io/website/docs/concepts/architecture/data-plane/v2-protocol

// binaryHeader says how many bytes of a body are JSON; tensors follow them.
const binaryHeader = "Inference-Header-Content-Length"

// Version is what the service calls its version.
const protocolVersion = "2"

func (s *Server) live(w http.ResponseWriter, _ *http.Request) error {
	answer(w, plainError, map[string]bool{"live": true})
	return nil
}

func (s *Server) ready(w http.ResponseWriter, _ *http.Request) error {
	if s.draining() {
		return errClosed
	}
	answer(w, plainError, map[string]bool{"ready": true})
	return nil
}

func (s *Server) serverMetadata(w http.ResponseWriter, _ *http.Request) error {
	answer(w, plainError, map[string]any{"name": "unroll", "version": protocolVersion,
		"extensions": []string{"binary_tensor_data", "model_repository"}})
	return nil
}

// index lists the models, as Triton does.
func (s *Server) index(w http.ResponseWriter, _ *http.Request) error {
	type entry struct {
		Name    string `json:"name"`
		Version string `json:"version"`
		State   string `json:"state"`
	}
	list := []entry{}
	for _, slot := range s.models.slots {
		v := slot.now.Load()
		list = append(list, entry{v.name, v.version, "READY"})
	}
	answer(w, plainError, list)
	return nil
}

// named is the model of a request's address. A version that is asked for is that which is served, or 1.
func (s *Server) named(r *http.Request) (*served, func(), error) {
	v, done, err := s.models.use(r.PathValue("model"))
	if err != nil {
		return nil, nil, err
	}
	if want := r.PathValue("version"); want != "" && want != "1" && want != v.version {
		done()
		return nil, nil, refused(404, "model %q has no version %q; it has %s", v.name, want, v.version)
	}
	return v, done, nil
}

func (s *Server) modelMetadata(w http.ResponseWriter, r *http.Request) error {
	v, done, err := s.named(r)
	if err != nil {
		return err
	}
	defer done()
	in, out := v.ports()
	about := map[string]any{"name": v.name, "versions": []string{v.version}, "platform": "unroll_" + strings.ReplaceAll(v.kind, " ", "_"),
		"inputs": in, "outputs": out}
	about["parameters"] = parametersOf(v)
	answer(w, plainError, about)
	return nil
}

// parametersOf are what clients may want to know of a model besides its tensors.
func parametersOf(v *served) map[string]any {
	out := map[string]any{}
	if d, ok := v.answerer.(described); ok {
		out = d.columnsOfTable()
	}
	out["sessions"] = remembers(v) == nil
	return out
}

func (s *Server) modelReady(w http.ResponseWriter, r *http.Request) error {
	v, done, err := s.named(r)
	if err != nil {
		return err
	}
	done()
	answer(w, plainError, map[string]any{"name": v.name, "ready": true})
	return nil
}

// inferRequest is the JSON of a request.
type inferRequest struct {
	ID         string        `json:"id"`
	Parameters parameters    `json:"parameters"`
	Inputs     []inferTensor `json:"inputs"`
	Outputs    []inferTensor `json:"outputs"`
}

// inferTensor is a tensor in JSON, whose elements may be elsewhere.
type inferTensor struct {
	Name       string          `json:"name"`
	Datatype   string          `json:"datatype,omitempty"`
	Shape      []int           `json:"shape,omitempty"`
	Parameters parameters      `json:"parameters"`
	Data       json.RawMessage `json:"data,omitempty"`
}

type parameters struct {
	BinaryDataSize   *int  `json:"binary_data_size,omitempty"`
	BinaryData       *bool `json:"binary_data,omitempty"`
	BinaryDataOutput *bool `json:"binary_data_output,omitempty"`
}

// inferAnswer is the JSON of an answer.
type inferAnswer struct {
	ModelName    string         `json:"model_name"`
	ModelVersion string         `json:"model_version"`
	ID           string         `json:"id,omitempty"`
	Outputs      []answerTensor `json:"outputs"`
}

type answerTensor struct {
	Name       string         `json:"name"`
	Datatype   string         `json:"datatype"`
	Shape      []int          `json:"shape"`
	Parameters map[string]int `json:"parameters,omitempty"`
	Data       any            `json:"data,omitempty"`
}

func (s *Server) infer(w http.ResponseWriter, r *http.Request) error {
	v, done, err := s.named(r)
	if err != nil {
		return err
	}
	defer done()
	q, in, err := readInfer(r)
	if err != nil {
		return err
	}
	out, err := v.infer(r.Context(), in)
	if err != nil {
		return err
	}
	chosen, err := q.choose(out)
	if err != nil {
		return err
	}
	return q.write(w, inferAnswer{ModelName: v.name, ModelVersion: v.version, ID: q.ID}, chosen)
}

// readInfer reads a request: JSON, and behind it the elements of tensors that are binary.
func readInfer(r *http.Request) (*inferRequest, []values, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, nil, bodyError(err)
	}
	head, rest := body, []byte(nil)
	if text := r.Header.Get(binaryHeader); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 0 || n > len(body) {
			return nil, nil, bad("%s is %.20q; want the bytes of JSON in a body of %d", binaryHeader, text, len(body))
		}
		head, rest = body[:n], body[n:]
	}
	var q inferRequest
	if err := json.Unmarshal(head, &q); err != nil {
		return nil, nil, bad("the body: %s", wrongJSON(err))
	}
	if len(q.Inputs) == 0 || len(q.Inputs) > 1024 {
		return nil, nil, bad("%d inputs; want 1 to 1024", len(q.Inputs))
	}
	var in []values
	for _, t := range q.Inputs {
		v := values{name: t.Name, datatype: t.Datatype, shape: t.Shape}
		if n := t.Parameters.BinaryDataSize; n != nil {
			if *n < 0 || *n > len(rest) {
				return nil, nil, bad("tensor %q: binary_data_size is %d, of which there are %d bytes", t.Name, *n, len(rest))
			}
			err = v.readBinary(rest[:*n])
			rest = rest[*n:]
		} else {
			err = v.readJSON(t.Data)
		}
		if err != nil {
			return nil, nil, err
		}
		in = append(in, v)
	}
	if len(rest) > 0 {
		return nil, nil, bad("%d bytes follow the tensors", len(rest))
	}
	return &q, in, nil
}

// output is an output with how it is to be written.
type output struct {
	values
	binary bool
}

// choose takes the outputs that were asked for; all if none were.
func (q *inferRequest) choose(all []values) ([]output, error) {
	everywhere := q.Parameters.BinaryDataOutput != nil && *q.Parameters.BinaryDataOutput
	var out []output
	if len(q.Outputs) == 0 {
		for _, v := range all {
			out = append(out, output{v, everywhere})
		}
		return out, nil
	}
	by := byName(all)
	for _, o := range q.Outputs {
		v, ok := by[o.Name]
		if !ok {
			return nil, bad("there is no output %.80q, or it is asked for twice", o.Name)
		}
		delete(by, o.Name) // an answer that has it a million times would take all memory
		binary := everywhere
		if o.Parameters.BinaryData != nil {
			binary = *o.Parameters.BinaryData
		}
		out = append(out, output{*v, binary})
	}
	return out, nil
}

func (q *inferRequest) write(w http.ResponseWriter, a inferAnswer, list []output) error {
	var tail []byte
	binary := false
	for _, o := range list {
		t := answerTensor{Name: o.name, Datatype: o.datatype, Shape: o.shape}
		if o.binary {
			data := o.values.binary()
			binary, tail = true, append(tail, data...)
			t.Parameters = map[string]int{"binary_data_size": len(data)}
		} else {
			t.Data = o.json()
		}
		a.Outputs = append(a.Outputs, t)
	}
	if !binary {
		answer(w, plainError, a)
		return nil
	}
	head, err := json.Marshal(a)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set(binaryHeader, strconv.Itoa(len(head)))
	w.Header().Set("Content-Length", strconv.Itoa(len(head)+len(tail)))
	_, _ = w.Write(append(head, tail...)) // a client that has gone is told nothing
	return nil
}

package serve

import (
	"net/http"

	"github.com/unroll-go/unroll/nn/explain"
	"github.com/unroll-go/unroll/recurrent/models"
)

// mostLooked is how many bytes of a text are looked into: what comes is many times as large.
const mostLooked = 2000

// mostUnits is how many units of a layer are shown.
const mostUnits = 128

// lookRequest asks how a model came to what it says of a text.
type lookRequest struct {
	Text string `json:"text"`
	// Show is what is wanted: "states", what the units of every layer do while the text is read; "words", for what label each word
	// speaks, and how much; "attention", which pieces of a text a translator looked at.
	Show  string `json:"show"`
	Label string `json:"label"` // of "words"; empty for the likeliest
}

// lookedAt is the answer.
type lookedAt struct {
	Pieces      []string    `json:"pieces,omitempty"`
	Layers      []layerSeen `json:"layers,omitempty"` // states
	Gates       []layerSeen `json:"gates,omitempty"`
	Label       string      `json:"label,omitempty"`
	Probability float64     `json:"probability,omitempty"`
	Words       []word      `json:"words,omitempty"`
	Source      []string    `json:"source,omitempty"`
	Attention   [][]float64 `json:"attention,omitempty"`
}

// layerSeen is what the units of a layer did.
type layerSeen struct {
	Name  string      `json:"name"`
	Units [][]float32 `json:"units"` // [units][T]
}

func seen(list []explain.Layer) []layerSeen {
	var out []layerSeen
	for _, l := range list {
		one := layerSeen{Name: l.Name}
		for _, u := range l.Units[:min(len(l.Units), mostUnits)] {
			values := make([]float32, len(u))
			for t, v := range u {
				values[t] = float32(v)
			}
			one.Units = append(one.Units, values)
		}
		out = append(out, one)
	}
	return out
}

type word struct {
	Text  string  `json:"text"`
	Score float64 `json:"score"`
}

func (s *Server) look(w http.ResponseWriter, r *http.Request) error {
	var q lookRequest
	if err := readJSON(r, &q); err != nil {
		return err
	}
	if len(q.Text) > mostLooked {
		return refused(413, "a text of %d bytes; want at most %d to look into", len(q.Text), mostLooked)
	}
	v, done, err := s.models.use(r.PathValue("model"))
	if err != nil {
		return err
	}
	defer done()
	if err := s.looks.enter(r.Context()); err != nil {
		return err
	}
	defer s.looks.leave()
	var out *lookedAt
	switch q.Show {
	case "states":
		out, err = statesOf(v, q.Text)
	case "words":
		out, err = wordsOf(r, v, q)
	case "attention":
		out, err = attentionOf(r, v, q.Text)
	default:
		err = bad("show is %.20q; want states, words or attention", q.Show)
	}
	if err != nil {
		return err
	}
	answer(w, openAIError, out)
	return nil
}

func statesOf(v *served, text string) (*lookedAt, error) {
	m, ok := v.model.(interface {
		Read(text string) (*models.Reading, error)
	})
	if !ok {
		return nil, bad("%s is a %s; the states of language models and classifiers can be seen", v.name, v.kind)
	}
	found, err := m.Read(text)
	if err != nil {
		return nil, bad("%v", err)
	}
	return &lookedAt{Pieces: found.Pieces, Layers: seen(found.Layers), Gates: seen(found.Gates)}, nil
}

func wordsOf(r *http.Request, v *served, q lookRequest) (*lookedAt, error) {
	m, ok := v.model.(models.Explainable)
	if !ok {
		return nil, bad("%s is a %s; the words of language models and classifiers can be weighed", v.name, v.kind)
	}
	found, err := m.Explain(r.Context(), q.Text, models.Explaining{Label: q.Label})
	if err != nil {
		return nil, bad("%v", err)
	}
	out := &lookedAt{Label: found.Label, Probability: found.Probability}
	for _, p := range found.Pieces {
		out.Words = append(out.Words, word{p.Text, p.Score})
	}
	return out, nil
}

func attentionOf(r *http.Request, v *served, text string) (*lookedAt, error) {
	m, ok := v.model.(*models.Translator)
	if !ok {
		return nil, bad("%s is a %s; translators have attention", v.name, v.kind)
	}
	found, err := m.Translate(r.Context(), []string{text}, models.Translation{})
	if err != nil {
		return nil, bad("%v", err)
	}
	return &lookedAt{Pieces: found[0][0].Tokens, Source: found[0][0].Source, Attention: found[0][0].Attention}, nil
}

package command

import (
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"text/tabwriter"

	"github.com/unroll-go/unroll/internal/message"
	"github.com/unroll-go/unroll/recurrent/pretrained"
)

// foundationReport is what a foundation model is.
type foundationReport struct {
	File    string        `json:"file"`
	Family  string        `json:"family"`
	Title   string        `json:"title"`
	Layers  int           `json:"layers"`
	Tokens  int           `json:"tokens"`
	Weights int           `json:"weights"`
	State   int           `json:"state_bytes"`         // of one text
	Grows   int           `json:"state_bytes_a_token"` // more with every token
	Carries []carriedPart `json:"carries"`
	Unread  []string      `json:"unread,omitempty"` // tensors that the network does not read
	Mute    string        `json:"no_tokenizer,omitempty"`
}

// carriedPart is a part of the state that several layers have.
type carriedPart struct {
	Name  string `json:"name"` // with * for the layer's number
	Count int    `json:"count"`
	Shape []int  `json:"shape"`
	Bytes int    `json:"bytes"` // of each
	Grows bool   `json:"grows"`
}

// inspectFoundation opens a foundation model and says what it is.
func inspectFoundation(path string) (report, error) {
	m, err := pretrained.Load(path)
	if err != nil {
		return nil, err
	}
	r := &foundationReport{
		File: filepath.Base(path), Family: m.Family(), Title: m.Title(), Layers: m.Layers(), Tokens: m.Tokens(),
		Weights: m.Params().Elements(), Unread: m.Unread(),
	}
	if _, err := m.Tokenizer(); err != nil {
		r.Mute = message.WithoutPackages(err.Error())
	}
	places := map[string]int{}
	for _, c := range m.Carries() {
		name, bytes := anyLayer(c.Name), 4*c.Elements()
		if c.Grows {
			r.Grows += bytes
		} else {
			r.State += bytes
		}
		key := fmt.Sprint(name, c.Shape)
		at, ok := places[key]
		if !ok {
			at = len(r.Carries)
			places[key] = at
			r.Carries = append(r.Carries, carriedPart{Name: name, Shape: c.Shape, Bytes: bytes, Grows: c.Grows})
		}
		r.Carries[at].Count++
	}
	return r, nil
}

// anyLayer has * in the place of numbers between dots.
func anyLayer(name string) string {
	parts := strings.Split(name, ".")
	for i, p := range parts {
		if strings.Trim(p, "0123456789") == "" {
			parts[i] = "*"
		}
	}
	return strings.Join(parts, ".")
}

func (r *foundationReport) print(w io.Writer) error {
	grows := ""
	if r.Grows > 0 {
		grows = fmt.Sprintf(", and %s more with every token", count(r.Grows, "byte", "bytes"))
	}
	fmt.Fprintf(w, "%s: %s (%s)\n\n", r.File, r.Title, r.Family)
	fmt.Fprintf(w, "  %s, %s of vocabulary, %s\n", count(r.Layers, "layer", "layers"), count(r.Tokens, "token", "tokens"),
		count(r.Weights, "weight", "weights"))
	fmt.Fprintf(w, "  state of a text: %s%s\n\n", count(r.State, "byte", "bytes"), grows)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, c := range r.Carries {
		each := count(c.Bytes, "byte", "bytes")
		if c.Grows {
			each += " a token"
		}
		fmt.Fprintf(t, "  %s\t%d x\t%v\t%s\n", shortened(c.Name, 40), c.Count, c.Shape, each)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	if n := len(r.Unread); n > 0 {
		fmt.Fprintf(w, "\n%s that the network does not read, such as %s\n", count(n, "tensor", "tensors"), shortened(r.Unread[0], 40))
	}
	if r.Mute != "" {
		_, err := fmt.Fprintf(w, "\nno text: %s\n", shortened(r.Mute, columns-10))
		return err
	}
	return nil
}

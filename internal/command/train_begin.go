package command

import (
	"io"
	"strings"

	"github.com/spf13/cobra"
	"github.com/unroll-go/unroll/datasets"
	"github.com/unroll-go/unroll/recurrent/models"
)

// begin makes the model of a run that is not resumed, by a function that takes a configuration: with weights as they are
// drawn, and with those that --from or --vectors give it, which is said.
func (p *plan) begin(
	cmd *cobra.Command, fl trainFlags, makes func(c models.Config) (models.Model, error),
) (models.Model, error) {
	w := cmd.ErrOrStderr()
	m, err := makes(p.config)
	if err != nil {
		return nil, err
	}
	if path := p.config.Origin.Vectors; path != "" {
		return p.withVectors(cmd, path, m, makes)
	}
	if p.from == nil {
		return m, nil
	}
	begun, err := models.Begin(m, p.from)
	if err != nil {
		return nil, err
	}
	describeBegun(w, fl.from, begun)
	return m, nil
}

// withVectors begins the embeddings of a model with word vectors, which say how wide they are unless --embed does.
func (p *plan) withVectors(
	cmd *cobra.Command, path string, m models.Model, makes func(c models.Config) (models.Model, error),
) (models.Model, error) {
	words := models.Words(m)
	if words == nil {
		return nil, usage("--vectors goes with words: give --tokens word, or leave --vectors out")
	}
	v, err := datasets.ReadWordVectors(path, words)
	if err != nil {
		return nil, err
	}
	if v.Width != p.config.Embed {
		if cmd.Flags().Changed("embed") {
			return nil, usage("--embed %d: the vectors of %s have %d numbers", p.config.Embed, path, v.Width)
		}
		p.config.Embed = v.Width
		if m, err = makes(p.config); err != nil {
			return nil, err
		}
	}
	if err := models.SetVectors(m, v); err != nil {
		return nil, err
	}
	var how []string
	if v.Lower > 0 {
		how = append(how, thousands(v.Lower)+" in small letters")
	}
	if v.Parts > 0 {
		how = append(how, thousands(v.Parts)+" by their parts")
	}
	note := ""
	if len(how) > 0 {
		note = ", " + strings.Join(how, ", ")
	}
	tell(cmd.ErrOrStderr(), "Vectors", "%s (%s, %d numbers): %s of %s words%s",
		path, v.Format, v.Width, thousands(v.Found()), thousands(len(words)), note)
	return m, nil
}

// describeBegun says which weights of another model a run begins with, and which not.
func describeBegun(w io.Writer, path string, list []models.Begun) {
	var whole, anew, left []string
	for _, b := range list {
		switch {
		case b.Left:
			left = append(left, b.Name)
		case b.Whole():
			whole = append(whole, b.Name)
		case b.Kept == 0:
			anew = append(anew, b.Name)
		}
	}
	tell(w, "Kept", "%d of %d weights of %s", len(whole), len(list)-len(left), path)
	for _, b := range list {
		if !b.Left && !b.Whole() && b.Kept > 0 {
			tell(w, "Rows", "%s of %s of %s, whose tokens or labels are the same", thousands(b.Kept), thousands(b.Rows), b.Name)
		}
	}
	for _, l := range []struct {
		what  string
		names []string
	}{{"Anew", anew}, {"Left", left}} {
		if len(l.names) > 0 {
			tell(w, l.what, "%s", quotedList(l.names))
		}
	}
}

// describeFrozen says how many weights train, if some do not.
func describeFrozen(w io.Writer, trains, all int) {
	if trains < all {
		tell(w, "Freeze", "%s of %s weights train", thousands(trains), thousands(all))
	}
}

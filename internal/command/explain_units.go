package command

import (
	"cmp"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"

	"github.com/pkg/errors"
	"github.com/spf13/cobra"
	"github.com/unroll-go/unroll/datasets"
	"github.com/unroll-go/unroll/nn/explain"
	"github.com/unroll-go/unroll/nn/train/chart"
	"github.com/unroll-go/unroll/recurrent/models"
)

// reader is a model whose units can be watched.
type reader interface {
	Read(text string) (*models.Reading, error)
}

// followUnits finds the units that keep track of properties of a text.
func (fl explainFlags) followUnits(cmd *cobra.Command, m models.Model, args []string) error {
	r, ok := m.(reader)
	if !ok {
		return errors.Errorf("%s is a %v, whose units cannot be watched yet", fl.model, m.Kind())
	}
	name, text, err := fl.longText(m, args)
	if err != nil {
		return err
	}
	reading, err := r.Read(text)
	if err != nil {
		return errors.Wrap(err, name)
	}
	found, err := newUnits(name, reading)
	if err != nil {
		return err
	}
	if err := show(cmd, found); err != nil || fl.out == "" {
		return err
	}
	return saveTo(cmd, fl.out, fl.force, func(path string) error {
		p, err := found.picture()
		if err != nil {
			return err
		}
		return p.Save(path)
	})
}

// longText is the text to watch units over: that of the command line, of a file, or the end of the model's own.
func (fl explainFlags) longText(m models.Model, args []string) (name, text string, err error) {
	switch {
	case len(args) == 1:
		name, text = "the text", args[0]
	case fl.file != "":
		c, err := datasets.ReadFile(fl.file)
		if err != nil {
			return "", "", err
		}
		name, text = c.Name, c.Text
	case m.Kind() == models.KindLanguage && m.Config().Origin.Hash != "":
		c, err := ownText(m.Config().Origin)
		if err != nil {
			return "", "", errors.Wrap(err, "the model's own text (--file names another)")
		}
		name, text = c.Name+", the last tenth", c.Text[len(c.Text)/10*9:]
		if i := strings.IndexByte(text, '\n'); i >= 0 {
			text = text[i+1:]
		}
	default:
		return "", "", usage("--units wants a long text: name one with --file")
	}
	runes := []rune(datasets.Normalize(text))
	if len(runes) < 4 {
		return "", "", errors.Errorf("%s has %d characters; that is too short to see what units follow", name, len(runes))
	}
	return name, string(runes[:min(len(runes), fl.length)]), nil
}

// units are those that follow properties best.
type units struct {
	Text   string      `json:"text"`
	Tokens int         `json:"tokens"`
	Count  int         `json:"units"`
	Found  []foundUnit `json:"found"`

	reading *models.Reading
}

// foundUnit is the unit that follows a property best.
type foundUnit struct {
	Property string `json:"property"`
	Layer    string `json:"layer"`
	Unit     int    `json:"unit"`
	Found    number `json:"correlation_found"`
	Held     number `json:"correlation_held"`
}

func newUnits(name string, r *models.Reading) (*units, error) {
	u := &units{Text: name, Tokens: len(r.Pieces), reading: r}
	for _, l := range r.Layers {
		u.Count += len(l.Units)
	}
	for _, p := range explain.Properties() {
		best, err := explain.Follow(r.Layers, r.Property(p), 1)
		if err != nil {
			return nil, err
		}
		for _, b := range best {
			u.Found = append(u.Found, foundUnit{p.Name, b.Layer, b.Unit, number(b.Found), number(b.Held)})
		}
	}
	slices.SortStableFunc(u.Found, func(a, b foundUnit) int {
		return cmp.Compare(math.Abs(float64(b.Held)), math.Abs(float64(a.Held)))
	})
	return u, nil
}

func (u *units) print(w io.Writer) error {
	fmt.Fprintf(w, "%s: %s, %s\n\n", u.Text, count(u.Tokens, "token", "tokens"), count(u.Count, "unit", "units"))
	if len(u.Found) == 0 {
		_, err := fmt.Fprintln(w, "The text is too short or too even: no property changes in both of its halves.")
		return err
	}
	rows := []string{"property\tunit\tfound\theld"}
	for _, f := range u.Found {
		rows = append(rows, fmt.Sprintf("%s\t%s #%d\t%+.3f\t%+.3f", f.Property, f.Layer, f.Unit, float64(f.Found), float64(f.Held)))
	}
	if err := table(w, rows); err != nil {
		return err
	}
	_, err := fmt.Fprint(w, `
found: the correlation over the first half of the text, by which the unit was
chosen; held: that over the second half
`)
	return err
}

// What is drawn: so many steps, of units that held so much.
const (
	drawnSteps = 110
	drawnLeast = 0.3
)

// picture draws the units that hold what they promise, where most of their properties change.
func (u *units) picture() (*chart.Picture, error) {
	var rows []string
	var values [][]float64
	var properties [][]float64
	of := map[string][]float64{}
	for _, p := range explain.Properties() {
		of[p.Name] = u.reading.Property(p)
	}
	for _, f := range u.Found {
		if math.Abs(float64(f.Held)) < drawnLeast {
			continue
		}
		for _, l := range u.reading.Layers {
			if l.Name == f.Layer {
				values = append(values, l.Units[f.Unit])
			}
		}
		state := f.Layer[strings.LastIndexByte(f.Layer, '.')+1:]
		rows = append(rows, fmt.Sprintf("%s, %s #%d, %+.2f", f.Property, state, f.Unit, float64(f.Held)))
		properties = append(properties, of[f.Property])
	}
	if len(rows) == 0 {
		return nil, errors.Errorf("no unit follows a property with a correlation of %g or more over the second half of the text", drawnLeast)
	}
	from := liveliest(properties, u.Tokens)
	to := min(from+drawnSteps, u.Tokens)
	for i := range values {
		values[i] = values[i][from:to]
	}
	columns := make([]string, to-from)
	for i, piece := range u.reading.Pieces[from:to] {
		columns[i] = visible.Replace(piece)
	}
	return chart.Units(values, rows, columns), nil
}

// visible writes blanks that a picture would not show.
var visible = strings.NewReplacer("\n", "¶", "\t", "→", " ", "·")

// liveliest is where a stretch begins in which the most properties change; of the second half, if there is room.
func liveliest(properties [][]float64, tokens int) int {
	best, most := 0, -1
	for from := tokens / 2; from+drawnSteps <= tokens; from += drawnSteps / 4 {
		changing := 0
		for _, p := range properties {
			if slices.Min(p[from:from+drawnSteps]) < slices.Max(p[from:from+drawnSteps]) {
				changing++
			}
		}
		if changing > most {
			best, most = from, changing
		}
	}
	return best
}

package command

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
	"strings"

	"github.com/pkg/errors"
	"github.com/spf13/cobra"
	"github.com/unroll-go/unroll/datasets"
	"github.com/unroll-go/unroll/internal/record"
	"github.com/unroll-go/unroll/recurrent/models"
)

// eval judges a model by a table, or by the sequences of its own that were kept for the test.
func (t *sequencesTask) eval(cmd *cobra.Command, model models.Model) (report, error) {
	m := model.(*models.SequenceModel)
	if t.judged == "" && t.labels != "" {
		return nil, usage("--labels goes with --sequences")
	}
	if err := t.format.check(); err != nil {
		return nil, err
	}
	var test models.Sequences
	if t.judged == "" {
		own, err := ownSequences(m.Config())
		if err != nil {
			return nil, err
		}
		test = own.test
	} else {
		table, err := openSequences(t.judged, t.labels, t.columnsOf(m), m.Config(), t.formatFor(m))
		if err != nil {
			return nil, err
		}
		table.describe(cmd.ErrOrStderr())
		test = table.Sequences
	}
	e, err := m.Evaluate(test)
	if err != nil {
		return nil, err
	}
	if e.Confusion == nil {
		return &numberScores{e.Sequences, number(e.MAE), number(e.RMSE), number(e.R2)}, nil
	}
	return judgedBy(e.Sequences, e.Loss, e.Probabilities, m.Labels(), t.measures)
}

// columnsOf are the columns of another table for a model: called as those of its own, with words where it has words.
func (t *sequencesTask) columnsOf(m *models.SequenceModel) sequenceColumns {
	want := columnsIn(m.Config())
	want.features, want.words = nil, nil
	for _, c := range m.Columns() {
		want.features = append(want.features, c.Name)
		if c.Categories != nil {
			want.words = append(want.words, c.Name)
		}
	}
	if !m.Timed() {
		want.time = noColumn
	}
	return want
}

// formatFor is how a table for a model is read: its decimals as in that of the training, unless they are given.
func (t *sequencesTask) formatFor(m *models.SequenceModel) tableFormat {
	f := t.format
	f.Decimal = cmp.Or(f.Decimal, m.Config().Origin.Format.Decimal)
	return f
}

// numberScores is how good a model of numbers is.
type numberScores struct {
	Sequences int    `json:"sequences"`
	MAE       number `json:"mae"`
	RMSE      number `json:"rmse"`
	R2        number `json:"r2"`
}

func (m *numberScores) print(w io.Writer) error {
	_, err := fmt.Fprintf(w, "%s: mean absolute error %.4g, RMSE %.4g, R2 %.4f\n",
		count(m.Sequences, "sequence", "sequences"), m.MAE, m.RMSE, m.R2)
	return err
}

// predict predicts the sequences of a table, or of CSV on the standard input; with --stream, after each row.
func (t *sequencesTask) predict(cmd *cobra.Command, model models.Model, args []string) error {
	m := model.(*models.SequenceModel)
	if err := cmp.Or(t.format.check(), t.parting.check(args)); err != nil {
		return err
	}
	if t.stream && t.parting.out != "" {
		return usage("--stream prints as rows come; --out and --part go with what is predicted of whole sequences")
	}
	want := t.columnsOf(m)
	path, format := "standard input", t.formatFor(m).withMarks()
	var r rows
	var err error
	if len(args) == 0 {
		r, err = format.read(cmd.InOrStdin(), path, want.names())
	} else {
		path = args[0]
		r, err = format.open(path, want.names())
	}
	if err != nil {
		return err
	}
	if len(args) > 0 {
		defer func() { _ = r.Close() }()
	}
	if t.stream {
		return t.follow(cmd.OutOrStdout(), m, r, path, want)
	}
	table, err := readSequences(r, path, want, nil, true)
	if err != nil {
		return err
	}
	if err := table.shorten(m.Config()); err != nil {
		return err
	}
	return t.parting.write(cmd, m, args, func(w io.Writer) error {
		from, to := t.parting.share(table.Len())
		if from == to && table.Len() > 0 {
			return nil
		}
		var own []int
		for i := from; i < to; i++ {
			own = append(own, i)
		}
		part := table.Pick(own)
		found, err := m.Predict(part)
		if err != nil {
			return err
		}
		out, labels := json.NewEncoder(w), m.Labels()
		for i, p := range found {
			if err := out.Encode(record.SequenceOf(labels, part.IDs[i], 0, p)); err != nil {
				return err
			}
		}
		return nil
	})
}

// read is open for a table that comes from a reader: CSV.
func (t tableFormat) read(from io.Reader, name string, names []string) (rows, error) {
	header := map[string]int{"": datasets.HeaderDetect, "yes": datasets.HeaderYes, "no": datasets.HeaderNo}[t.Header]
	comma := t.comma()
	if comma == datasets.CommaDetect {
		comma = ','
	}
	if header == datasets.HeaderDetect { // which would wait for many rows
		header = datasets.HeaderYes
	}
	how := datasets.CSV{Comma: comma, Decimal: decimals[t.Decimal], Header: header, Names: names, Missing: t.Missing}
	r, err := how.Read(t.decoded(from), name)
	if err != nil {
		return nil, err
	}
	return &sheet{r, os.Stdin}, nil
}

// follow predicts after each row. A row with another id than the one before begins a sequence.
func (t *sequencesTask) follow(w io.Writer, m *models.SequenceModel, r rows, path string, want sequenceColumns) error {
	s, err := m.Stream()
	if err != nil {
		return usage("--stream: %s (train --one-way --pool last)", strings.TrimPrefix(err.Error(), "models: Stream: "))
	}
	out, columns, labels := json.NewEncoder(w), m.Columns(), m.Labels()
	id, row, begun := "", 0, false
	var times datasets.Times
	for r.Next() {
		if !begun {
			if want, err = want.choose(path, r.Columns(), r.hasHeader(), true); err != nil {
				return err
			}
		}
		if own := strings.TrimSpace(r.Text(want.id)); !begun || own != id {
			id, row, begun = own, 0, true
			if err := s.Begin(); err != nil {
				return err
			}
		}
		values := make([]float64, len(columns))
		for i, c := range columns {
			if values[i], err = valueOf(r, c); err != nil {
				return errors.Wrapf(err, "%s, line %d", path, r.Line())
			}
		}
		when := 0.0
		if want.time != noColumn {
			if when, err = times.Seconds(r.Text(want.time)); err != nil {
				return errors.Wrapf(err, "%s, line %d: column %q", path, r.Line(), want.time)
			}
		}
		if r.Err() != nil {
			break
		}
		p, err := s.Row(values, when)
		if err != nil {
			return errors.Wrapf(err, "%s, line %d", path, r.Line())
		}
		row++
		if err := out.Encode(record.SequenceOf(labels, id, row, p)); err != nil {
			return err
		}
	}
	return r.Err()
}

// valueOf is the value of a column in the current row; NaN if it is missing.
func valueOf(r rows, c models.SequenceColumn) (float64, error) {
	if r.Missing(c.Name) {
		return math.NaN(), nil
	}
	v, err := c.Value(strings.TrimSpace(r.Text(c.Name)))
	if err != nil {
		err = withFlags(errors.Errorf("%v (--missing names marks of missing values)", err))
	}
	return v, err
}

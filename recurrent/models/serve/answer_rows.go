package serve

import (
	"context"
	"math"
	"slices"
	"strconv"

	"github.com/unroll-go/unroll/datasets"
	"github.com/unroll-go/unroll/internal/record"
	"github.com/unroll-go/unroll/recurrent/models"
)

// sequenceAnswers answers with a model of sequences: of tables whose rows have an id, and of tensors [B, T, columns].
type sequenceAnswers struct {
	m       *models.SequenceModel
	columns []models.SequenceColumn
	labels  []string
	table   models.SequenceTable
	batch   *batcher[oneSequence, models.SequencePrediction]
	most    int
}

// oneSequence is a sequence, alone.
type oneSequence struct {
	values []float64
	times  []float64
}

func newSequenceAnswers(m *models.SequenceModel, o Options) *sequenceAnswers {
	s := &sequenceAnswers{m: m, columns: m.Columns(), labels: m.Labels(), most: o.MaxRows}
	own := m.Config().Origin.Sequences
	s.table = models.SequenceTable{ID: own.IDColumn, Time: own.TimeColumn}
	for _, c := range s.columns {
		s.table.Features = append(s.table.Features, c.Name)
		if c.Categories != nil {
			s.table.Words = append(s.table.Words, c.Name)
		}
	}
	if !m.Timed() {
		s.table.Time = ""
	}
	size := func(q oneSequence) int { return len(q.values) }
	s.batch = newBatcher(min(o.BatchRows, fullSpeed), o.BatchWait, workers(), size, s.run)
	s.batch.load = batchBytes * o.MaxTokens
	return s
}

// run predicts a batch, with as many sequences of one row as make its size one that is compiled already.
func (s *sequenceAnswers) run(items []oneSequence) []result[models.SequencePrediction] {
	list := models.Sequences{Columns: s.columns}
	add := func(q oneSequence, id string) {
		list.IDs, list.Values = append(list.IDs, id), append(list.Values, q.values)
		if s.m.Timed() {
			list.Times = append(list.Times, q.times)
		}
	}
	for i, q := range items {
		add(q, strconv.Itoa(i))
	}
	for i := len(items); i < rowsFor(len(items)); i++ {
		add(oneSequence{items[0].values[:len(s.columns)], items[0].times[:min(1, len(items[0].times))]}, strconv.Itoa(i))
	}
	found, err := s.m.Predict(list)
	out := make([]result[models.SequencePrediction], len(items))
	for i := range out {
		if err != nil {
			out[i].err = refused(400, "%v", err)
			continue
		}
		out[i].value = found[i]
	}
	return out
}

// predict predicts sequences.
func (s *sequenceAnswers) predict(ctx context.Context, list models.Sequences) ([]models.SequencePrediction, error) {
	items := make([]oneSequence, list.Len())
	for i := range items {
		items[i].values = list.Values[i]
		if n, most := list.Steps(i), s.m.Config().Sequence.MaxRows; n == 0 || n > most {
			return nil, refused(400, "sequence %s has %d rows; want 1 to %d", list.IDs[i], n, most)
		}
		if list.Times != nil {
			items[i].times = list.Times[i]
		}
	}
	results, err := s.batch.each(ctx, items)
	if err != nil {
		return nil, err
	}
	out := make([]models.SequencePrediction, len(items))
	for i, r := range results {
		if r.err != nil {
			return nil, r.err
		}
		out[i] = r.value
	}
	return out, nil
}

func (s *sequenceAnswers) ports() (in, out []port) {
	in = []port{{Name: "rows", Datatype: "FP64", Shape: []int{-1, -1, len(s.columns)}},
		{Name: "lengths", Datatype: "INT64", Shape: []int{-1}, optional: true}}
	if s.m.Timed() {
		in = append(in, port{Name: "times", Datatype: "FP64", Shape: []int{-1, -1}})
	}
	if s.labels == nil {
		return in, []port{column("number", "FP64")}
	}
	return in, []port{column("label", "BYTES"), column("probability", "FP64"),
		{Name: "probabilities", Datatype: "FP64", Shape: []int{-1, len(s.labels)}}}
}

// infer takes rows [B, T, columns], of which lengths says how many count; NaN is a missing value, and the place of a word in the
// column's list stands for it.
func (s *sequenceAnswers) infer(ctx context.Context, in []values) ([]values, error) {
	by := byName(in)
	rows, ok := by["rows"]
	if !ok && len(in) == 1 {
		rows, ok = &in[0], true
	}
	if !ok || !rows.isFloat() || len(rows.shape) != 3 || rows.shape[2] != len(s.columns) {
		return nil, bad("want an input \"rows\" of floats, [B, T, %d]", len(s.columns))
	}
	B, T, F := rows.shape[0], rows.shape[1], rows.shape[2]
	if max(B, T, B*T) > s.most {
		return nil, refused(413, "%d sequences of %d rows; want at most %d in all", B, T, s.most)
	}
	times := by["times"]
	if s.m.Timed() && (times == nil || len(times.floats) != B*T) {
		return nil, bad("want an input \"times\" of floats, [%d, %d]: the model reads when rows were measured", B, T)
	}
	list := models.Sequences{Columns: s.columns}
	for b := range B {
		n := T
		if l := by["lengths"]; l != nil {
			if len(l.ints) != B || l.ints[b] < 1 || l.ints[b] > int64(T) {
				return nil, bad("want \"lengths\" of %d whole numbers from 1 to %d", B, T)
			}
			n = int(l.ints[b])
		}
		list.IDs = append(list.IDs, strconv.Itoa(b))
		list.Values = append(list.Values, rows.floats[b*T*F:(b*T+n)*F])
		if s.m.Timed() {
			list.Times = append(list.Times, times.floats[b*T:b*T+n])
		}
	}
	found, err := s.predict(ctx, list)
	if err != nil {
		return nil, err
	}
	n := len(found)
	if s.labels == nil {
		return []values{floatsOf("number", n, func(i int) float64 { return found[i].Number })}, nil
	}
	all := values{name: "probabilities", datatype: "FP64", shape: []int{n, len(s.labels)}}
	for _, p := range found {
		all.floats = append(all.floats, p.Probabilities...)
	}
	return []values{
		textsOf("label", n, func(i int) string { return found[i].Label }),
		floatsOf("probability", n, func(i int) float64 { return found[i].Probability }), all,
	}, nil
}

func byName(in []values) map[string]*values {
	out := map[string]*values{}
	for i := range in {
		out[in[i].name] = &in[i]
	}
	return out
}

func (s *sequenceAnswers) rows(ctx context.Context, t *table) ([]any, error) {
	want := s.table
	if !slices.Contains(t.columns, want.ID) { // all rows are of one sequence
		want.ID = "id"
		t = &table{columns: append(slices.Clone(t.columns), "id"), rows: slices.Clone(t.rows)}
		for i := range t.rows {
			t.rows[i] = append(slices.Clone(t.rows[i]), "")
		}
	}
	list, err := models.SequencesOf(t, "the table", want)
	if err != nil {
		return nil, bad("%v", err)
	}
	found, err := s.predict(ctx, list)
	if err != nil {
		return nil, err
	}
	out := make([]any, len(found))
	for i, p := range found {
		out[i] = record.SequenceOf(s.labels, list.IDs[i], 0, p)
	}
	return out, nil
}

func (s *sequenceAnswers) close() { s.batch.close() }

// forecastAnswers answers with a forecaster: how the series of a table go on.
type forecastAnswers struct {
	m     *models.Forecaster
	batch *batcher[*datasets.Panel, []models.Forecast]
}

func newForecastAnswers(m *models.Forecaster, o Options) *forecastAnswers {
	f := &forecastAnswers{m: m}
	f.batch = newBatcher(1, -1, workers(), nil, func(list []*datasets.Panel) []result[[]models.Forecast] {
		found, err := m.Forecast(context.Background(), list[0], models.Forecasting{Seed: 1})
		if err != nil {
			err = refused(400, "%v", err)
		}
		return []result[[]models.Forecast]{{found, err}}
	})
	return f
}

// ports: the columns of the table, as texts, so that times may be written as they are.
func (f *forecastAnswers) ports() (in, out []port) {
	c, s := f.m.Config(), f.m.Config().Origin.Series
	for _, name := range slices.Concat([]string{s.ID, s.Time}, s.Target, s.Past, s.Known, s.Static, s.Class) {
		if name != "" {
			in = append(in, column(name, "BYTES"))
		}
	}
	H, Q := c.Forecast.Horizon, len(c.Forecast.Quantiles)
	return in, []port{column("id", "BYTES"), {Name: "times", Datatype: "BYTES", Shape: []int{-1, H}},
		{Name: "mean", Datatype: "FP64", Shape: []int{-1, H}}, {Name: "quantiles", Datatype: "FP64", Shape: []int{-1, Q, H}}}
}

// forecast reads a table as that of the training was read.
func (f *forecastAnswers) forecast(ctx context.Context, t *table) ([]models.Forecast, error) {
	s := f.m.Config().Origin.Series
	p, _, err := datasets.ReadPanel(t, "the table", datasets.PanelColumns{ID: s.ID, Time: s.Time, Targets: s.Target, Past: s.Past,
		Known:  s.Known,
		Static: s.Static, Classes: s.Class, Frequency: s.Frequency, TimeFormat: s.TimeFormat})
	if err != nil {
		return nil, bad("%v", err)
	}
	found, err := f.batch.each(ctx, []*datasets.Panel{p})
	if err != nil {
		return nil, err
	}
	return found[0].value, found[0].err
}

func (f *forecastAnswers) infer(ctx context.Context, in []values) ([]values, error) {
	t := &table{}
	for _, v := range in {
		n := len(v.texts) + len(v.floats) + len(v.ints)
		if len(t.columns) == 0 {
			t.rows = make([][]string, n)
		}
		if n != len(t.rows) {
			return nil, bad("input %q has %d values, input %q %d; want as many in each", v.name, n, t.columns[0], len(t.rows))
		}
		t.columns = append(t.columns, v.name)
		for i := range n {
			t.rows[i] = append(t.rows[i], v.cell(i))
		}
	}
	found, err := f.forecast(ctx, t)
	if err != nil {
		return nil, err
	}
	n, H := len(found), len(found[0].Mean)
	Q := len(found[0].Levels)
	times := values{name: "times", datatype: "BYTES", shape: []int{n, H}}
	mean := values{name: "mean", datatype: "FP64", shape: []int{n, H}}
	quantiles := values{name: "quantiles", datatype: "FP64", shape: []int{n, Q, H}}
	for _, one := range found {
		for _, at := range one.Times {
			times.texts = append(times.texts, f.m.Frequency().Format(at))
		}
		mean.floats = append(mean.floats, one.Mean...)
		for _, q := range one.Quantiles {
			quantiles.floats = append(quantiles.floats, q...)
		}
	}
	return []values{textsOf("id", n, func(i int) string { return found[i].ID }), times, mean, quantiles}, nil
}

// cell is element i as the text of a table.
func (v *values) cell(i int) string {
	switch {
	case v.isText():
		return v.texts[i]
	case v.isFloat():
		if math.IsNaN(v.floats[i]) {
			return ""
		}
		return numberCell(v.floats[i])
	}
	return strconv.FormatInt(v.ints[i], 10)
}

func (f *forecastAnswers) rows(ctx context.Context, t *table) ([]any, error) {
	found, err := f.forecast(ctx, t)
	if err != nil {
		return nil, err
	}
	out := make([]any, len(found))
	for i, one := range found {
		out[i] = record.ForecastOf(one, f.m.Frequency(), 0)
	}
	return out, nil
}

func (f *forecastAnswers) close() { f.batch.close() }

// described is what a table is to have: the columns, and what some of them are.
type described interface {
	columnsOfTable() map[string]any
}

func (s *sequenceAnswers) columnsOfTable() map[string]any {
	columns := []string{}
	for _, name := range []string{s.table.ID, s.table.Time} {
		if name != "" {
			columns = append(columns, name)
		}
	}
	for _, c := range s.columns {
		columns = append(columns, c.Name)
	}
	return map[string]any{"columns": columns, "id": s.table.ID, "time": s.table.Time}
}

func (f *forecastAnswers) columnsOfTable() map[string]any {
	in, _ := f.ports()
	columns := []string{}
	for _, p := range in {
		columns = append(columns, p.Name)
	}
	s := f.m.Config().Origin.Series
	target := ""
	if len(s.Target) > 0 {
		target = s.Target[0]
	}
	return map[string]any{"columns": columns, "id": s.ID, "time": s.Time, "target": target}
}

package models

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// table writes a table and returns its path.
func table(t *testing.T, lines ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "table.csv")
	if err := os.WriteFile(path, []byte(strings.Join(lines, "\n")), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// A table is read by its ids, in the order of its times; words become numbers where they are asked for.
func TestReadSequences(t *testing.T) {
	path := table(t, "who,when,speed,gear,note,end",
		"b,2024-01-01 00:00:10,3,low,x,yes", "a,5,1,,y,no", "b,2024-01-01 00:00:00,,high,z,yes", "a,7,2,low,z,")
	s, err := ReadSequences(path, SequenceTable{ID: "who", Time: "when", Target: "end"})
	if err != nil {
		t.Fatal(err)
	}
	if fmt.Sprint(s.IDs, s.Columns, s.Labels, s.Lines) != "[b a] [{speed []}] [yes no] [2 3]" || !math.IsNaN(s.Values[0][0]) || s.Values[0][1] != 3 ||
		s.Times[0][1]-s.Times[0][0] != 10 || !slices.Equal(s.Values[1], []float64{1, 2}) {
		t.Errorf("%+v", s)
	}
	if s.Missing() != 0.25 || s.Longest() != 2 {
		t.Errorf("%g missing, %d rows at most", s.Missing(), s.Longest())
	}
	s, err = ReadSequences(path, SequenceTable{ID: "who", Features: []string{"gear", "speed"}, Words: []string{"speed"}})
	if err != nil {
		t.Fatal(err)
	}
	if fmt.Sprint(s.Columns) != "[{gear [high low]} {speed [1 2 3]}]" || s.Labels != nil || s.Times != nil || s.Values[0][0] != 1 || s.Values[0][2] != 0 ||
		s.Values[0][1] != 2 || !math.IsNaN(s.Values[1][0]) {
		t.Errorf("%+v", s)
	}
	s, err = ReadSequences(path, SequenceTable{ID: "who", Targets: map[string]string{"a": "1.5", "b": "-2"}})
	if err != nil || !slices.Equal(s.Numbers, []float64{-2, 1.5}) {
		t.Errorf("%+v, %v", s.Numbers, err)
	}
	long, n := s.Cut(1)
	if n != 2 || long.Longest() != 1 || long.Values[1][0] != 2 || s.Longest() != 2 {
		t.Errorf("%d were cut: %+v", n, long.Values)
	}
}

// Few whole numbers and words are classes, others numbers; a kind that is named is taken.
func TestTargetKind(t *testing.T) {
	var many []string
	for i := range 60 {
		many = append(many, fmt.Sprint(i%21))
	}
	for _, c := range []struct {
		targets []string
		want    string
	}{
		{[]string{"0", "1", "1", "0"}, TargetClass}, {[]string{"0", "1", "2", "3"}, TargetNumber}, {[]string{"0.5", "1", "1", "0.5"}, TargetNumber},
		{[]string{"a", "1"}, TargetClass}, {many, TargetNumber}, {[]string{"1.0", "2.0", "1.0", "2.0"}, TargetClass},
	} {
		if got := targetKind(c.targets); got != c.want {
			t.Errorf("%v are taken for a %s", c.targets, got)
		}
	}
	s, err := ReadSequences(table(t, "id,x,y", "a,1,0", "b,2,1", "c,3,0", "d,4,1"), SequenceTable{ID: "id", Target: "y", TargetKind: TargetNumber})
	if err != nil || s.Numbers == nil {
		t.Error(err)
	}
}

// What is wrong with a table is said, with the line.
func TestWrongSequenceTables(t *testing.T) {
	for want, c := range map[string]struct {
		lines []string
		table SequenceTable
	}{
		`has no column "id"; it has a, b`:                                   {[]string{"a,b", "1,2"}, SequenceTable{ID: "id"}},
		"SequenceTable.ID is empty":                                         {[]string{"a,b", "1,2"}, SequenceTable{}},
		`column "id" is to be two things`:                                   {[]string{"id,b", "1,2"}, SequenceTable{ID: "id", Target: "id"}},
		`no column "c" for a feature`:                                       {[]string{"id,b", "1,2"}, SequenceTable{ID: "id", Features: []string{"c"}}},
		`the feature "b" is named twice`:                                    {[]string{"id,b", "1,2"}, SequenceTable{ID: "id", Features: []string{"b", "b"}}},
		`of words is none of the features`:                                  {[]string{"id,b", "1,2"}, SequenceTable{ID: "id", Words: []string{"id"}}},
		"has no columns of values":                                          {[]string{"id", "1"}, SequenceTable{ID: "id"}},
		"has no columns of numbers":                                         {[]string{"id,b", "1,x"}, SequenceTable{ID: "id"}},
		"line 3: no id in column":                                           {[]string{"id,b", "1,2", ",3"}, SequenceTable{ID: "id"}},
		`line 3: column "b" has "x" where`:                                  {[]string{"id,b", "1,2", "1,x"}, SequenceTable{ID: "id"}},
		`line 3: column "t": "noon" is no time`:                             {[]string{"id,t,b", "1,2,2", "1,noon,4"}, SequenceTable{ID: "id", Time: "t"}},
		`line 3: the id "1" has "n" in column "y", and "m" in a row before`: {[]string{"id,b,y", "1,2,m", "1,3,n"}, SequenceTable{ID: "id", Target: "y"}},
		`line 2, id "1": it has no target`:                                  {[]string{"id,b,y", "1,2,", "2,3,n"}, SequenceTable{ID: "id", Target: "y"}},
		`its target: "m" is no finite number`:                               {[]string{"id,b,y", "1,2,m", "2,3,4"}, SequenceTable{ID: "id", Target: "y", TargetKind: TargetNumber}},
		`SequenceTable.TargetKind "kind"`:                                   {[]string{"id,b,y", "1,2,m"}, SequenceTable{ID: "id", Target: "y", TargetKind: "kind"}},
		"is empty":                                                          {nil, SequenceTable{ID: "id"}},
		"has no rows":                                                       {[]string{"id,b"}, SequenceTable{ID: "id"}},
	} {
		if _, err := ReadSequences(table(t, c.lines...), c.table); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v; want %s", err, want)
		}
	}
	if _, err := SequencesOf(nil, "", SequenceTable{}); err == nil {
		t.Error("no rows were taken")
	}
}

// Sequences whose parts do not fit together, and models of other ones, are refused by name.
func TestWrongSequences(t *testing.T) {
	good := waves(20, 0, false)
	m := newSequences(t, Config{}, good)
	for want, change := range map[string]func(s *Sequences){
		"20 ids, and values of 19":              func(s *Sequences) { s.Values = s.Values[1:] },
		"20 ids, and labels of 1":               func(s *Sequences) { s.Labels = []string{"x"} },
		"20 ids, and times of 1":                func(s *Sequences) { s.Times = s.Times[:1] },
		"both Labels and Numbers":               func(s *Sequences) { s.Numbers = make([]float64, 20) },
		"they have no columns":                  func(s *Sequences) { s.Columns = nil },
		`id "w1": 3 values; want rows of 2`:     func(s *Sequences) { s.Values[1] = s.Values[1][:3] },
		`id "w1": 0 values`:                     func(s *Sequences) { s.Values[1] = nil },
		"+Inf":                                  func(s *Sequences) { s.Values[1][0] = math.Inf(1) },
		"the time of row 1 is -1":               func(s *Sequences) { s.Times[1][1] = -1 },
		`the column "b" is missing`:             func(s *Sequences) { s.Columns = []SequenceColumn{{Name: "a"}, {Name: "c"}} },
		`"a" has words such as "x"`:             func(s *Sequences) { s.Columns[0].Categories = make([]string, 99); s.Columns[0].Categories[0] = "x" },
		"the rows have no times":                func(s *Sequences) { s.Times = nil },
		`it has the label "medium"`:             func(s *Sequences) { s.Labels[0] = "medium" },
		"have no Labels, which the model wants": func(s *Sequences) { s.Labels = nil },
	} {
		s := waves(20, 0, false)
		for i := range s.Values {
			s.Values[i] = slices.Clone(s.Values[i])
		}
		if strings.Contains(want, "has words") {
			for _, v := range s.Values {
				for k := range v {
					v[k] = 1
				}
			}
		}
		change(&s)
		want = strings.Replace(want, "the model wants", "the model predicts", 1)
		if _, err := m.Evaluate(s); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v; want %s", err, want)
		}
	}
	long := waves(20, 0, false)
	if c := (Config{Sequence: SequenceConfig{MaxRows: 6}}); true {
		if _, err := newSequences(t, c, long).Evaluate(long); err == nil || !strings.Contains(err.Error(), "rows; the model takes 6 at most") {
			t.Error(err)
		}
	}
	for want, s := range map[string]Sequences{
		"there are no sequences":    {},
		"neither Labels nor Number": {Columns: good.Columns, IDs: good.IDs, Values: good.Values},
		"want two at least":         {Columns: good.Columns, IDs: good.IDs[:1], Values: good.Values[:1], Labels: []string{"x"}},
		"has no value in the":       {Columns: good.Columns, IDs: []string{"i", "j"}, Values: [][]float64{{math.NaN(), 1}, {math.NaN(), 2}}, Labels: []string{"x", "y"}},
	} {
		if _, err := NewSequenceModel(Config{}, s); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v; want %s", err, want)
		}
	}
	if _, err := new(SequenceModel).Predict(good); err == nil {
		t.Error("no model predicted")
	}
}

// A stream says after the last row what Predict says of all rows, for every cell that reads forward; and goes on after Begin.
func TestSequenceStream(t *testing.T) {
	s := waves(12, 0.3, false)
	for _, cell := range []string{"grud", "gru", "lstm", "lru"} {
		m := newSequences(t, Config{Cell: cell, OneWay: cell != "grud", Pool: "last", Layers: 2, Sequence: SequenceConfig{Fill: FillForward, Marks: true}}, s)
		want, err := m.Predict(s)
		if err != nil {
			t.Fatal(err)
		}
		stream, err := m.Stream()
		if err != nil {
			t.Fatal(err)
		}
		for i, values := range s.Values {
			if err := stream.Begin(); err != nil {
				t.Fatal(err)
			}
			var got SequencePrediction
			for row := range s.Steps(i) {
				if got, err = stream.Row(values[2*row:2*row+2], s.Times[i][row]); err != nil {
					t.Fatal(err)
				}
			}
			if math.Abs(got.Probability-want[i].Probability) > 1e-5 || got.Label != want[i].Label {
				t.Errorf("%s, sequence %d: %+v; Predict says %+v", cell, i, got, want[i])
			}
		}
		if _, err := stream.Row([]float64{1}, 0); err == nil {
			t.Error("a row of one value was taken")
		}
		if _, err := stream.Row([]float64{1, 2}, -1); err == nil {
			t.Error("a row of the past was taken")
		}
	}
	if _, err := newSequences(t, Config{}, s).Stream(); err == nil || !strings.Contains(err.Error(), "want one that reads forward") {
		t.Error(err)
	}
}

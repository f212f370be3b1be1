package serve

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/unroll-go/unroll/internal/fileformat"
)

// What an export says of itself is not believed where it is not the session's: counts that no session has are refused, and what the
// model is comes from the model.
func TestTamperedExports(t *testing.T) {
	_, h, _ := newServer(t, Options{}, "text")
	post(t, h.URL+"/v1/sessions", `{"model":"text","id":"a","prompt":"the quick"}`, new(any))
	_, exported := ask(t, "GET", h.URL+"/v1/sessions/a/state", "", "")
	n := binary.LittleEndian.Uint32([]byte(exported))
	state := exported[4+n:]
	for _, c := range []struct {
		field string
		value any
		want  int
	}{
		{"kind", "a lie", http.StatusCreated},
		{"tokens", int64(1) << 62, http.StatusConflict},
		{"tokens", -1, http.StatusConflict},
		{"pending", 1 << 20, http.StatusConflict},
		{"layout", "0000", http.StatusConflict},
		{"model", "other", http.StatusNotFound},
		{"created", "9999-99-99", http.StatusBadRequest},
	} {
		var about map[string]any
		if err := json.Unmarshal([]byte(exported[4:4+n]), &about); err != nil {
			t.Fatal(err)
		}
		about[c.field] = c.value
		said, err := json.Marshal(about)
		if err != nil {
			t.Fatal(err)
		}
		body := string(binary.LittleEndian.AppendUint32(nil, uint32(len(said)))) + string(said) + state
		status, text := ask(t, "POST", h.URL+"/v1/sessions", "application/octet-stream", body)
		if strings.Contains(text, "a lie") || status != c.want && !(c.field == "tokens" && status == http.StatusBadRequest) { // an int of 32 bits
			t.Errorf("%s %v: status %d, want %d: %s", c.field, c.value, status, c.want, text)
		}
	}
}

// Of a key that comes twice the last value counts, once.
func TestRepeatedKeys(t *testing.T) {
	columns, err := tensorTable([]byte(`{"a":[1,2],"b":[3,4],"a":[5,6]}`), 10)
	if err != nil {
		t.Fatal(err)
	}
	records, err := recordsTable([]json.RawMessage{[]byte(`{"a":1,"b":3,"a":5}`), []byte(`{"a":6,"b":4}`)}, textColumn, 10)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []*table{columns, records} {
		if !slices.Equal(c.columns, []string{"a", "b"}) || !slices.Equal(c.rows[0], []string{"5", "3"}) || !slices.Equal(c.rows[1], []string{"6", "4"}) {
			t.Errorf("columns %q, rows %q", c.columns, c.rows)
		}
	}
}

// Ids that are no whole numbers are refused, not rounded.
func TestIDsAreWhole(t *testing.T) {
	a, err := newNetworkAnswers("../../../nn/onnx/testdata/torch/tagger.onnx", fileformat.ONNX, 16384)
	if err != nil {
		t.Fatal(err)
	}
	defer a.close()
	if !a.ints[0] {
		t.Fatalf("the network takes %v", a.in)
	}
	infer := func(id float64) error {
		var in []values
		for i, p := range a.in {
			v := values{name: p.Name, datatype: "FP64"}
			size := 1
			for _, d := range p.Shape {
				v.shape = append(v.shape, max(d, 1))
				size *= max(d, 1)
			}
			v.floats = slices.Repeat([]float64{1}, size)
			if i == 0 {
				v.floats[0] = id
			}
			in = append(in, v)
		}
		_, err := a.infer(context.Background(), in)
		return err
	}
	if err := infer(1); err != nil {
		t.Errorf("a whole number: %v", err)
	}
	for _, id := range []float64{1.5, 1e300} {
		if status, text := statusOf(infer(id)); status != http.StatusBadRequest || !strings.Contains(text, "want whole numbers") {
			t.Errorf("id %v: status %d: %s", id, status, text)
		}
	}
}

package decode_test

import (
	"errors"
	"math"
	"reflect"
	"strings"
	"testing"

	"github.com/unroll-go/unroll/graph"
	"github.com/unroll-go/unroll/graph/graphtest"
	"github.com/unroll-go/unroll/recurrent/decode"
)

// However the frames are cut, a stream finds what the whole has, to the bit.
func TestCTCStream(t *testing.T) {
	const steps, classes = 40, 5
	logits := graphtest.Random(3, steps, 1, classes)
	likes := decode.LanguageFunc(func(before []int, label int) float64 { return -0.2 * float64(label+len(before)%3) })
	for name, d := range map[string]decode.CTC{"best path": {}, "beam": {Beam: 6, Blank: 4}, "language": {Beam: 6, Language: likes, Weight: 0.5, Insertion: 0.1}} {
		want, err := d.Run(logits, nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, size := range []int{1, 7, steps} {
			s, err := d.Stream(classes)
			if err != nil {
				t.Fatal(err)
			}
			for from := 0; from < steps; from += size {
				n := min(size, steps-from)
				if err := s.Add(graph.Floats64(logits.Float64s()[from*classes:][:n*classes], n, classes)); err != nil {
					t.Fatal(err)
				}
			}
			if got := s.Best(); !reflect.DeepEqual(got, want[0]) {
				t.Errorf("%s, %d frames at a time: %v, want %v", name, size, got, want[0])
			}
		}
	}
}

// silent is a language model that does not keep to what Language promises.
type silent struct{ begin, next error }

func (s silent) Begin(classes int) (decode.Following, error) {
	return decode.Following{LogProbs: make([]float64, classes)}, s.begin
}

func (s silent) Next([]decode.Following, []int) ([]decode.Following, error) { return nil, s.next }

func TestCTCStreamRefuses(t *testing.T) {
	row := func(v ...float64) error {
		s, err := decode.CTC{}.Stream(3)
		if err != nil {
			return err
		}
		first := s.Add(graph.Floats64(v, len(v)/3, 3))
		if again := s.Add(graph.Floats64([]float64{0, 1, 2}, 1, 3)); first != nil && again == nil {
			t.Errorf("after %v, the stream goes on", first)
		}
		return first
	}
	wide, err := decode.CTC{}.Stream(4)
	if err != nil {
		t.Fatal(err)
	}
	_, none := decode.CTC{}.Stream(0)
	_, blank := decode.CTC{Blank: 3}.Stream(3)
	_, insertion := decode.CTC{Insertion: math.NaN()}.Stream(3)
	_, begin := decode.CTC{Language: silent{begin: errors.New("no voice")}}.Stream(3)
	_, function := decode.CTC{Language: decode.LanguageFunc(nil)}.Stream(3)
	run := func(l decode.Language) error {
		_, err := decode.CTC{Beam: 3, Language: l}.Run(graphtest.Random(1, 4, 1, 3), nil)
		return err
	}
	for want, err := range map[string]error{
		"0 labels; want 1 or more": none, "blank 3; want 0 to 2": blank, "Insertion NaN; want a finite number": insertion,
		"frame 1: logit 2 is NaN": row(0, 1, 2, 0, 1, math.NaN()), "want float logits [T, 4], found [1 3]": wide.Add(graph.Floats64([]float64{0, 1, 2}, 1, 3)),
		"an empty CTCStream; Stream makes one": new(decode.CTCStream).Add(nil),
		"before the first label: no voice":     begin, "there is no function": function,
		"frame 0: out of breath": run(silent{next: errors.New("out of breath")}), "speaks of 0 sequences; want": run(silent{}),
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one with %q", err, want)
		}
	}
	if best := new(decode.CTCStream).Best(); len(best.Labels) != 0 {
		t.Errorf("an empty stream found %v", best)
	}
}

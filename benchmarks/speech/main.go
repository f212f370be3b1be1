// Command speech measures how late a recogniser that reads forward shows what was said: for every word that it finds, how long after
// its end, in the sound, it stands in the partial results, and how long the computing takes.
//
//	GOMAXPROCS=1 go run ./benchmarks/speech -model forward.safetensors -times both.safetensors -speech test.tsv
//
// Where words end, the alignment of a model that reads in both directions says. The sound comes in pieces of -piece milliseconds; a
// word is shown when it comes to stay. The result is a line of JSON.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/datasets/audio"
	"github.com/unroll-go/unroll/nn/train/metric"
	"github.com/unroll-go/unroll/recurrent/models"
)

// report is what came out. Times are in seconds, but for Compute.
type report struct {
	Recordings int     `json:"recordings"`
	Words      int     `json:"words"`
	Least      float64 `json:"delay_at_least_s"` // what frames and steps take
	Median     float64 `json:"delay_median_s"`   // from the end of a word to its place in a partial result
	P95        float64 `json:"delay_p95_s"`
	Piece      float64 `json:"piece_s"`
	Compute    float64 `json:"compute_median_ms"` // of a piece, and its partial result
	Slow       float64 `json:"compute_p99_ms"`
	RealTime   float64 `json:"real_time_factor"`
}

func main() {
	forward := flag.String("model", "", "a recogniser of streams: of one direction, or of chunks")
	times := flag.String("times", "", "one that reads in both directions, which says when words end")
	manifest := flag.String("speech", "", "recordings")
	piece := flag.Int("piece", 20, "milliseconds of sound that come at a time")
	flag.Parse()
	r, err := measure(*forward, *times, *manifest, *piece)
	if err == nil {
		err = json.NewEncoder(os.Stdout).Encode(r)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "speech:", err)
		os.Exit(1)
	}
}

func measure(forward, times, manifest string, piece int) (*report, error) {
	streaming, err := recogniser(forward)
	if err != nil {
		return nil, err
	}
	aligner, err := recogniser(times)
	if err != nil {
		return nil, err
	}
	clips, err := audio.Manifest{}.Open(manifest)
	if err != nil {
		return nil, err
	}
	if piece < 1 {
		return nil, errors.Errorf("-piece %d; want 1 or more", piece)
	}
	out := &report{Recordings: len(clips), Least: streaming.Delay(), Piece: float64(piece) / 1000}
	var delays, computing []float64
	seconds := 0.0
	for _, clip := range clips {
		sound, err := audio.Open(clip.Path)
		if err != nil {
			return nil, err
		}
		said, err := aligner.Transcribe(context.Background(), sound, models.Transcribing{})
		if err != nil {
			return nil, errors.Wrap(err, clip.Path)
		}
		shown, took, err := hear(streaming, sound.Mono(), piece)
		if err != nil {
			return nil, errors.Wrap(err, clip.Path)
		}
		delays = append(delays, late(said.Words(), shown)...)
		computing = append(computing, took...)
		seconds += sound.Duration().Seconds()
	}
	if len(delays) == 0 {
		return nil, errors.New("both models found no word in common")
	}
	out.Words, out.Median, out.P95 = len(delays), at(delays, 0.5), at(delays, 0.95)
	for _, v := range computing {
		out.RealTime += v / seconds
	}
	out.Compute, out.Slow = 1000*at(computing, 0.5), 1000*at(computing, 0.99)
	return out, nil
}

func recogniser(path string) (*models.Recogniser, error) {
	m, err := models.Load(path)
	if err != nil {
		return nil, err
	}
	r, ok := m.(*models.Recogniser)
	if !ok {
		return nil, errors.Errorf("%s is a %v; want a recogniser of speech", path, m.Kind())
	}
	return r, nil
}

// seen is a word, and from when on it stood in the partial results, in seconds of the sound.
type seen struct {
	text string
	from float64
}

// hear plays a sound to a stream, and returns the words of the end, and how long each piece took, in seconds.
func hear(m *models.Recogniser, sound *audio.Sound, piece int) ([]seen, []float64, error) {
	stream, err := m.Stream(sound.Rate, models.Transcribing{Pause: 60})
	if err != nil {
		return nil, nil, err
	}
	var words []seen
	var took []float64
	size := max(sound.Rate*piece/1000, 1)
	for rest := sound.Samples; len(rest) > 0; {
		n := min(size, len(rest))
		begin := time.Now()
		if _, err := stream.Write(rest[:n]); err != nil {
			return nil, nil, err
		}
		partial, err := stream.Partial()
		if err != nil {
			return nil, nil, err
		}
		took = append(took, time.Since(begin).Seconds())
		rest = rest[n:]
		words = update(words, strings.Fields(partial.Text), stream.Seconds())
	}
	_, err = stream.Close()
	return words, took, err
}

// update keeps the words that stay, and notes the time of others.
func update(words []seen, now []string, at float64) []seen {
	same := 0
	for same < min(len(words), len(now)) && words[same].text == now[same] {
		same++
	}
	words = words[:same]
	for _, text := range now[same:] {
		words = append(words, seen{text, at})
	}
	return words
}

// late are the delays of the words that both have.
func late(said []models.Word, shown []seen) []float64 {
	var reference, hypothesis []string
	for _, w := range said {
		reference = append(reference, w.Text)
	}
	for _, w := range shown {
		hypothesis = append(hypothesis, w.text)
	}
	var out []float64
	i, j := 0, 0
	for _, e := range metric.Edits(hypothesis, reference) {
		if e.Kind == metric.EditNone {
			out = append(out, shown[j].from-said[i].End)
		}
		if e.Kind != metric.EditInsert {
			i++
		}
		if e.Kind != metric.EditDelete {
			j++
		}
	}
	return out
}

// at is a quantile.
func at(values []float64, q float64) float64 {
	slices.Sort(values)
	return values[int(q*float64(len(values)-1))]
}

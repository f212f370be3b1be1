package models

import (
	"math"
	"reflect"
	"strings"
	"testing"

	"github.com/unroll-go/unroll/graph/graphtest"
)

// chunkConfig is a model that reads in both directions in chunks.
func chunkConfig(decoder string, subsample, chunk, ahead int) Config {
	c := hearingConfig(decoder, false)
	c.Layers, c.Epochs = 2, 3
	c.Speech.Subsample, c.Speech.Chunk, c.Speech.LookAhead = subsample, chunk, ahead
	return c
}

// A model of chunks hears in a stream what it hears in the whole, in pieces of any size, even what is shorter than a chunk; and what
// comes later than the steps ahead changes nothing.
func TestRecogniserChunks(t *testing.T) {
	r := song(t, 4, sungWords)
	for _, size := range []struct{ subsample, chunk, ahead int }{{1, 1, 0}, {1, 5, 7}, {2, 3, 3}, {4, 16, 4}, {8, 2, 40}} {
		m, err := NewRecogniser(chunkConfig(DecoderCTC, size.subsample, size.chunk, size.ahead), r)
		if err != nil {
			t.Fatal(err)
		}
		if want := float64(size.subsample*(size.chunk+size.ahead)-1)*0.01 + 0.025; math.Abs(m.Delay()-want) > 1e-9 {
			t.Errorf("a delay of %g; want %g", m.Delay(), want)
		}
		hearsAsWhole(t, m)
		long := graphtest.Float32(graphtest.Random(9, 500, m.config.Speech.Mels)).Float32s()
		before := outputs(t, listening(t, m), long, 500)
		for i := (size.chunk + size.ahead) * size.subsample * m.config.Speech.Mels; i < len(long); i++ {
			long[i]++
		}
		after := outputs(t, listening(t, m), long, 500)
		if !reflect.DeepEqual(after[:size.chunk], before[:size.chunk]) || reflect.DeepEqual(after[size.chunk], before[size.chunk]) {
			t.Errorf("%v: the first chunk sees further than it says, or the second less far", size)
		}
	}
}

// Training, files, transcripts and streams know of chunks; a model of whole recordings goes on as one of chunks.
func TestRecogniserOfChunks(t *testing.T) {
	for _, decoder := range []string{DecoderCTC, DecoderTransducer} {
		t.Run(decoder, func(t *testing.T) {
			c := chunkConfig(decoder, 2, 8, 4)
			r := song(t, 12, sungWords)
			sound := sung("abc ba", 77)
			m, path, want := trainedAndSaved(t, c, r, sound)
			for _, n := range []int{1, 333} {
				if got := inPieces(t, m, sound, Transcribing{}, n); !reflect.DeepEqual(got, want.Segments) {
					t.Errorf("pieces of %d: %v; want %v", n, got, want.Segments)
				}
			}
			if err := m.Export(path + ".onnx"); err == nil || !strings.Contains(err.Error(), "how many chunks there are depends on") {
				t.Errorf("%v", err)
			}
			if words := c.Network(KindRecogniser); !strings.Contains(words, "both directions in chunks of 8 steps with 4 ahead") {
				t.Error(words)
			}
			c.Speech.Chunk, c.Speech.LookAhead = 0, 0
			whole, err := NewRecogniserOf(c, m, r)
			if err != nil {
				t.Fatal(err)
			}
			if begun, err := Begin(whole, m); err != nil || len(begun) != m.Params().Len() {
				t.Error(begun, err)
			}
		})
	}
	for want, change := range map[string]func(c *Config){
		"Config.Speech.Chunk 3; want 0 with OneWay: chunks are for layers that read in both directions": func(c *Config) { c.OneWay = true },
		"Config.Speech.Chunk 3; want 0 with the decoder label":                                          func(c *Config) { c.Speech.Decoder = DecoderLabel },
		"Config.Speech.Chunk 1001; want 0 to 1000":                                                      func(c *Config) { c.Speech.Chunk = 1001 },
		"Config.Speech.Normalise \"recording\"; want \"corpus\"":                                        func(c *Config) { c.Speech.Normalise = NormaliseRecording },
		"Config.Speech.LookAhead 2; want 0, or OneWay, or a Chunk":                                      func(c *Config) { c.Speech.Chunk = 0 },
	} {
		c := chunkConfig(DecoderCTC, 4, 3, 2)
		change(&c)
		if err := c.Check(KindRecogniser); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v; want %s", err, want)
		}
	}
}

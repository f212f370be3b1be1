package command

import (
	"os"
	"testing"
)

// The session of the page on sequence to sequence, from an empty folder with its numbers in it.
func TestPairsTranscript(t *testing.T) {
	all := sessions(t, "sequence-to-sequence.md")
	if len(all) < 6 {
		t.Fatalf("only %d commands were found", len(all))
	}
	t.Chdir(t.TempDir())
	writeNumbers(t, "numbers.tsv")
	play(t, all)
	for _, file := range []string{"numbers.encoder.onnx", "numbers.decoder.onnx"} {
		if info, err := os.Stat(file); err != nil || info.Size() < 10000 {
			t.Errorf("%s: %v, %v", file, info, err)
		}
	}
}

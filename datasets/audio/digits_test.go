package audio_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"os"
	"path"
	"sort"
	"strings"
	"testing"

	"github.com/unroll-go/unroll/datasets/audio"
)

// spokenDigits is the Free Spoken Digit Dataset: 3,000 recordings of single digits by six speakers.
const spokenDigits = "../../../shared/data/spoken-digits/recordings.tar.gz"

// TestSpokenDigits reads all recordings, makes features of every tenth, and with -v prints what there is.
func TestSpokenDigits(t *testing.T) {
	f, err := os.Open(spokenDigits)
	if os.IsNotExist(err) {
		t.Skip("there is no ", spokenDigits)
	}
	must(t, err)
	defer f.Close()
	unzipped, err := gzip.NewReader(f)
	must(t, err)
	type speaker struct {
		files, frames int
		seconds       float64
	}
	speakers, digits := map[string]*speaker{}, map[string]int{}
	features, read := audio.LogMel(8000), 0
	features.Filters = 40
	for archive := tar.NewReader(unzipped); ; {
		h, err := archive.Next()
		if err == io.EOF {
			break
		}
		must(t, err)
		name := path.Base(h.Name)
		parts := strings.Split(strings.TrimSuffix(name, ".wav"), "_") // digit, speaker, number
		if len(parts) != 3 || !strings.HasSuffix(name, ".wav") {
			continue
		}
		raw, err := io.ReadAll(archive)
		must(t, err)
		stream, err := audio.ReadStream(bytes.NewReader(raw), name)
		must(t, err)
		sound, err := stream.ReadAll()
		must(t, err)
		if sound.Rate != 8000 || sound.Channels != 1 {
			t.Fatalf("%s: %d samples a second, %d channels", name, sound.Rate, sound.Channels)
		}
		s := speakers[parts[1]]
		if s == nil {
			s = &speaker{}
			speakers[parts[1]] = s
		}
		s.files++
		s.seconds += sound.Duration().Seconds()
		digits[parts[0]]++
		if read++; read%10 == 0 {
			frames, err := features.Of(sound)
			must(t, err)
			if want := 1 + (sound.Steps()-200)/80; frames.Steps() != want {
				t.Fatalf("%s: %d frames; want %d", name, frames.Steps(), want)
			}
			s.frames += frames.Steps()
		}
	}
	if read != 3000 || len(digits) != 10 || len(speakers) != 6 {
		t.Errorf("%d recordings of %d digits by %d speakers; want 3000 of 10 by 6", read, len(digits), len(speakers))
	}
	var lines []string
	for name, s := range speakers {
		lines = append(lines, fmt.Sprintf("%-10s %4d recordings, %6.1f s", name, s.files, s.seconds))
	}
	sort.Strings(lines)
	t.Log("\n" + strings.Join(lines, "\n"))
}

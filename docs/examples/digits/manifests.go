package main

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/datasets/audio"
)

// experiment is how recordings are divided: into those to train on, to stop by and to test.
type experiment struct {
	name                string
	train, valid, tests func(r recording) bool
}

// experiments are known, and one without each speaker.
func experiments(all []recording) []experiment {
	train := func(r recording) bool { return !r.tested() && !r.stops() }
	out := []experiment{{"known", train, recording.stops, recording.tested}}
	for _, speaker := range speakersOf(all) {
		other := func(r recording) bool { return r.speaker != speaker }
		out = append(out, experiment{"without-" + speaker,
			func(r recording) bool { return other(r) && !r.stops() },
			func(r recording) bool { return other(r) && r.stops() },
			func(r recording) bool { return !other(r) }})
	}
	return out
}

// write writes the recordings and the manifests of all experiments.
func write(folder string, all []recording) error {
	for _, r := range all {
		if err := save(filepath.Join(folder, "wav", r.name), r.sound); err != nil {
			return err
		}
	}
	for _, e := range experiments(all) {
		for part, in := range map[string]func(r recording) bool{"train": e.train, "valid": e.valid, "test": e.tests} {
			var rows []string
			for _, r := range all {
				if in(r) {
					rows = append(rows, fmt.Sprintf("../wav/%s\t%s\t%s", r.name, words[r.digit], r.speaker))
				}
			}
			if err := manifest(filepath.Join(folder, e.name, part+".tsv"), rows); err != nil {
				return err
			}
		}
	}
	return nil
}

// connect writes strings of digits by one speaker each. Those to train on are made of the recordings to train on, and so on.
func connect(folder string, all []recording, n int, seed uint64) error {
	known := experiments(all)[0]
	rng := rand.New(rand.NewPCG(seed, 4))
	for _, part := range []struct {
		name string
		n    int
		in   func(r recording) bool
	}{{"train", n, known.train}, {"valid", n / 10, known.valid}, {"test", n / 4, known.tests}} {
		by := map[string][]recording{}
		for _, r := range all {
			if part.in(r) {
				by[r.speaker] = append(by[r.speaker], r)
			}
		}
		var rows []string
		for i := range part.n {
			speakers := speakersOf(all)
			speaker := speakers[i%len(speakers)]
			sound, text, err := join(by[speaker], 3+rng.IntN(5), rng)
			if err != nil {
				return err
			}
			name := fmt.Sprintf("wav/%s-%04d.wav", part.name, i)
			if err := save(filepath.Join(folder, "connected", name), sound); err != nil {
				return err
			}
			rows = append(rows, name+"\t"+text+"\t"+speaker)
		}
		if err := manifest(filepath.Join(folder, "connected", part.name+".tsv"), rows); err != nil {
			return err
		}
	}
	return nil
}

// join says n digits, with pauses of up to 0.3 s between them and around, in noise 10 to 30 dB below the voice.
func join(from []recording, n int, rng *rand.Rand) (*audio.Sound, string, error) {
	if len(from) == 0 {
		return nil, "", errors.New("a speaker has no recordings in one of the parts")
	}
	out := &audio.Sound{Rate: from[0].sound.Rate, Channels: 1}
	pause := func() { out.Samples = append(out.Samples, make([]float32, rng.IntN(out.Rate*3/10))...) }
	var text []string
	for range n {
		r := from[rng.IntN(len(from))]
		pause()
		out.Samples = append(out.Samples, r.sound.Samples...)
		text = append(text, words[r.digit])
	}
	pause()
	hiss, err := audio.WhiteNoise(out.Rate, out.Steps(), rng.Uint64())
	if err != nil {
		return nil, "", err
	}
	noisy, err := out.AddNoise(hiss, 10+20*rng.Float64(), 0)
	return noisy, strings.Join(text, " "), err
}

func save(path string, sound *audio.Sound) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	if err := audio.WriteWAV(f, sound, audio.PCM16); err != nil {
		_ = f.Close()
		return err
	}
	return f.Close()
}

func manifest(path string, rows []string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	rows = slices.Concat([]string{"path\ttext\tspeaker"}, rows)
	return os.WriteFile(path, []byte(strings.Join(rows, "\n")+"\n"), 0o644)
}

package main

import (
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/unroll-go/unroll/datasets/audio"
)

// manifest is a list of recordings in a folder.
type manifest struct {
	folder string
	rows   []string
}

// add writes a recording, unless it is there, and lists it. name is relative to the folder.
func (m *manifest) add(name string, sound *audio.Sound, text, speaker string) error {
	m.rows = append(m.rows, name+"\t"+text+"\t"+speaker)
	file := filepath.Join(m.folder, name)
	if err := os.MkdirAll(filepath.Dir(file), 0o777); err != nil {
		return err
	}
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	if err := audio.WriteWAV(f, sound, audio.PCM16); err != nil {
		return err
	}
	return f.Close()
}

func (m *manifest) save(name string) error {
	text := "path\ttext\tspeaker\n" + strings.Join(m.rows, "\n") + "\n"
	return os.WriteFile(filepath.Join(m.folder, name+".tsv"), []byte(text), 0o666)
}

// writeSingle writes recordings of one digit each.
func (list digits) writeSingle(folder, name string) error {
	m := manifest{folder: folder}
	for _, d := range list {
		if err := m.add(d.file(), d.sound, d.text(), d.speaker); err != nil {
			return err
		}
	}
	return m.save(name)
}

func (d digit) file() string {
	return filepath.ToSlash(filepath.Join("single", fmt.Sprintf("%d_%s_%d.wav", d.number, d.speaker, d.take)))
}

// writeConnected writes recordings of one to seven digits by one speaker each, with pauses between them, in noise.
func (list digits) writeConnected(folder, name string, n int, seed uint64) error {
	h := fnv.New64a()
	h.Write([]byte(name))
	r := rand.New(rand.NewPCG(seed, h.Sum64()))
	by := map[string]digits{}
	var speakers []string
	for _, d := range list {
		if by[d.speaker] == nil {
			speakers = append(speakers, d.speaker)
		}
		by[d.speaker] = append(by[d.speaker], d)
	}
	slices.Sort(speakers)
	m := manifest{folder: folder}
	for i := range n {
		speaker := speakers[r.IntN(len(speakers))]
		own := by[speaker]
		var some digits
		for range 1 + r.IntN(7) {
			some = append(some, own[r.IntN(len(own))])
		}
		sound, text, err := some.joined(r)
		if err != nil {
			return err
		}
		if err := m.add(fmt.Sprintf("%s/%05d.wav", name, i), sound, text, speaker); err != nil {
			return err
		}
	}
	return m.save(name)
}

// joined are digits one after the other: pauses of 50 to 500 ms between and around them, and white noise 10 to 30 dB below.
func (list digits) joined(r *rand.Rand) (*audio.Sound, string, error) {
	out := &audio.Sound{Rate: list[0].sound.Rate, Channels: 1}
	pause := func() {
		out.Samples = append(out.Samples, make([]float32, int((0.05+0.45*r.Float64())*float64(out.Rate)))...)
	}
	var texts []string
	for _, d := range list {
		pause()
		out.Samples = append(out.Samples, d.sound.Samples...)
		texts = append(texts, d.text())
	}
	pause()
	noise, err := audio.WhiteNoise(out.Rate, len(out.Samples), r.Uint64())
	if err != nil {
		return nil, "", err
	}
	out, err = out.AddNoise(noise, 10+20*r.Float64(), r.Uint64())
	return out, strings.Join(texts, " "), err
}

// writeFolds writes for each speaker a manifest of the single digits of all others, and one of his or hers.
func (list digits) writeFolds(folder string) error {
	for _, out := range list.speakers() {
		own, others := manifest{folder: folder}, manifest{folder: folder}
		for _, d := range list {
			m := &others
			if d.speaker == out {
				m = &own
			}
			m.rows = append(m.rows, d.file()+"\t"+d.text()+"\t"+d.speaker)
		}
		if err := own.save("fold-" + out + "-test"); err != nil {
			return err
		}
		if err := others.save("fold-" + out + "-train"); err != nil {
			return err
		}
	}
	return nil
}

func (list digits) speakers() []string {
	var out []string
	for _, d := range list {
		if !slices.Contains(out, d.speaker) {
			out = append(out, d.speaker)
		}
	}
	return out
}

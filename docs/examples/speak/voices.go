package main

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"sync"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/datasets/audio"
)

// Voices are ways to speak English, each by men and women.
var (
	accents = []string{"en-us", "en-gb", "en-gb-x-rp", "en-gb-scotland"}
	persons = []string{"m1", "m3", "m7", "f1", "f2", "f4"}
)

// spoken is a sentence with how it was said.
type spoken struct {
	path, text, voice string
	speed, pitch      int     // words a minute; 0 to 99
	noise             float64 // dB below the voice
	seconds           float64
}

// String is the line of the manifest.
func (s spoken) String() string {
	return fmt.Sprintf("%s\t%s\t%s\t%d\t%d\t%.1f\t%.2f", s.path, s.text, s.voice, s.speed, s.pitch, s.noise, s.seconds)
}

// speak says sentences, the first of which has the number first. How, depends on the seed and the number alone.
func (c corpus) speak(sentences []string, first int) ([]spoken, error) {
	out, failed := make([]spoken, len(sentences)), make([]error, len(sentences))
	next := make(chan int)
	var all sync.WaitGroup
	for range runtime.NumCPU() {
		all.Go(func() {
			for i := range next {
				out[i], failed[i] = c.say(sentences[i], first+i)
			}
		})
	}
	for i := range sentences {
		next <- i
	}
	close(next)
	all.Wait()
	for i, err := range failed {
		if err != nil {
			return nil, errors.Wrapf(err, "sentence %d", first+i)
		}
	}
	return out, nil
}

func (c corpus) say(text string, number int) (spoken, error) {
	rng := rand.New(rand.NewPCG(c.seed, uint64(number)+2))
	s := spoken{
		text: text, path: fmt.Sprintf("wav/%05d.wav", number),
		voice: accents[rng.IntN(len(accents))] + "+" + persons[rng.IntN(len(persons))],
		speed: 130 + rng.IntN(51), pitch: 35 + rng.IntN(31),
		noise: c.loudest + (c.quietest-c.loudest)*rng.Float64(),
	}
	command := exec.Command("espeak-ng", "-v", s.voice, "-s", strconv.Itoa(s.speed), "-p", strconv.Itoa(s.pitch), "--stdout", text)
	raw, err := command.Output()
	if err != nil {
		return s, errors.Wrapf(err, "%v", command.Args)
	}
	stream, err := audio.ReadStream(bytes.NewReader(raw), "espeak-ng")
	if err != nil {
		return s, err
	}
	sound, err := stream.ReadAll()
	if err != nil {
		return s, err
	}
	if sound, err = sound.Mono().Resample(c.rate); err != nil {
		return s, err
	}
	hiss, err := audio.WhiteNoise(c.rate, sound.Steps(), c.seed+uint64(number))
	if err != nil {
		return s, err
	}
	if sound, err = sound.AddNoise(hiss, s.noise, 0); err != nil {
		return s, err
	}
	s.seconds = sound.Duration().Seconds()
	f, err := os.Create(filepath.Join(c.folder, s.path))
	if err != nil {
		return s, err
	}
	if err := audio.WriteWAV(f, sound, audio.PCM16); err != nil {
		_ = f.Close()
		return s, err
	}
	return s, f.Close()
}

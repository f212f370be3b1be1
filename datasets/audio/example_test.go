package audio_test

import (
	"bytes"
	"fmt"

	"github.com/unroll-go/unroll/datasets/audio"
)

func Example() {
	tone := &audio.Sound{Rate: 8000, Channels: 1, Samples: make([]float32, 8000)}
	for i := range tone.Samples {
		tone.Samples[i] = float32(i%8)/8 - 0.5 // 1 kHz
	}
	var file bytes.Buffer
	if err := audio.WriteWAV(&file, tone, audio.PCM16); err != nil {
		fmt.Println(err)
		return
	}
	stream, err := audio.ReadStream(&file, "tone.wav")
	if err != nil {
		fmt.Println(err)
		return
	}
	sound, err := stream.ReadAll()
	if err != nil {
		fmt.Println(err)
		return
	}
	if sound, err = sound.Resample(16000); err != nil {
		fmt.Println(err)
		return
	}
	frames, err := audio.LogMel(16000).Of(sound)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(stream.Format(), sound.Duration(), frames.Steps(), frames.Width)
	// Output: WAV s16 1s 98 80
}

// Package audio makes sequences of features of recordings: what a recurrent network that hears is fed.
//
// A Stream reads WAV, FLAC or raw samples piece by piece; a Sound is a recording in memory. A Resampler changes the sampling
// rate. Features say how samples become frames (spectrogram, mel filter bank, log-mel, MFCC), and an Extractor computes them,
// of a whole recording or of one that is still going on: the frames have the same bits either way.
//
//	sound, err := audio.Open("speech.wav")
//	frames, err := audio.LogMel(16000).Hear(sound)
//
// Samples are float32, 1 is full scale. Samples of several channels are interleaved, [T, C]. Frames are [T, F], row-major,
// as datasets.FeatureBatches wants them. Manifest reads a list of recordings with their transcripts, and Clips gives them in
// batches of similar duration.
package audio

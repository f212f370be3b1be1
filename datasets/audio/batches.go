package audio

import (
	"math"
	"math/rand/v2"
	"sort"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/datasets"
	"github.com/unroll-go/unroll/internal/parallel"
)

// Batching says how recordings are put into batches of features. The order depends on these values, the epoch and the
// recordings' lengths alone.
type Batching struct {
	Features  Features
	Tokenizer datasets.Tokenizer // makes targets of the texts; nil: batches have none, as for transcribing

	Seconds float64 // of sound in a batch, padding included; 0 is 60. A longer recording is a batch of its own
	Size    int     // recordings in a batch, at most; 0: as many as fit
	// RoundTo and RoundTargets pad frames and targets to a multiple of so many, so that few shapes occur, each of which a graph is
	// compiled for; 0 for the longest of a batch.
	RoundTo, RoundTargets int

	// Cache keeps what is the same in every pass: frames, unless Speeds, Warp or Noise change them. Several Batches may share one. Without
	// it, each pass reads and hears all files anew. It changes no bits.
	Cache *Cache

	Shuffle bool   // another order each epoch; recordings in a batch still have similar durations
	Seed    uint64 // of the orders, speeds and masks

	Normalise  bool        // mean 0 and variance 1 of each recording
	Statistics *Statistics // normalises all alike instead; nil does not
	Augment    SpecAugment // its zero value hides nothing
	Speeds     []float64   // one of them is drawn for each recording and epoch, such as 0.9, 1, 1.1; none: as it is
	// Warp draws Features.Warp for each recording and epoch, evenly from 1-Warp to 1+Warp, so that the voices of few people become those
	// of many (vocal tract length perturbation; Jaitly and Hinton, 2013, who take 0.1). 0 does not.
	Warp float64
	// Noise adds white noise to each recording in each epoch, at a ratio drawn evenly from so many decibels to 20 more, so that it does
	// not matter how quiet a room is: 10 is a good deal. 0 adds none.
	Noise float64
	// Range limits the energies of each recording to so many decibels below the loudest of them, see Features.Limit; 0 does not.
	Range float64
}

// Batches gives recordings in batches of similar duration: a datasets.BatchSource, which datasets.NewPrefetch prepares ahead,
// and train.FromBatches hands to a Loop. It reads the files when their batch comes, those of a batch on all processors. It is not for
// several goroutines at once.
//
// A batch has Values [T, B, F], zeros where a recording has ended, and Lengths [B]. With a tokenizer, it has Targets [B, U],
// -1 where a text has ended, and TargetLengths [B], as losses.CTC and losses.Transducer want them.
type Batches struct {
	o        Batching
	clips    []Clip
	seconds  []float64 // [clips]
	targets  [][]int   // nil without a tokenizer
	epoch    int
	order    [][]int
	position int
	err      error
}

// Batches opens each recording to see how long it is, and turns the texts into ids: what is wrong is an error now.
func (o Batching) Batches(clips []Clip) (*Batches, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	if len(clips) == 0 {
		return nil, errors.New("audio: no recordings to make batches of")
	}
	b := &Batches{o: o, clips: clips, seconds: make([]float64, len(clips))}
	for i, c := range clips {
		var err error
		if b.seconds[i], err = secondsOf(c.Path); err != nil {
			return nil, err
		}
		if o.Tokenizer == nil {
			continue
		}
		ids, err := o.Tokenizer.Encode(c.Text)
		if err != nil {
			return nil, errors.Wrapf(err, "audio: the text of %s, line %d", c.Path, c.Line)
		}
		b.targets = append(b.targets, ids)
	}
	b.SetEpoch(0)
	return b, nil
}

func (o *Batching) check() error {
	if err := o.Features.check(); err != nil {
		return err
	}
	if absent(o.Tokenizer) {
		o.Tokenizer = nil
	}
	if o.Seconds == 0 {
		o.Seconds = 60
	}
	for _, round := range []int{o.RoundTo, o.RoundTargets} {
		if round < 0 || round > mostFrames {
			return errors.Errorf("audio: batches whose sizes are multiples of %d frames and %d targets; want 0 to %d",
				o.RoundTo, o.RoundTargets, mostFrames)
		}
	}
	if !(o.Seconds > 0) || o.Size < 0 {
		return errors.Errorf("audio: batches of %g seconds and %d recordings; want more than 0, and 0 or more", o.Seconds, o.Size)
	}
	for _, v := range o.Speeds {
		if !(v >= 0.1 && v <= 10) {
			return errors.Errorf("audio: Speeds with %g; want 0.1 to 10", v)
		}
	}
	if !(o.Warp >= 0 && o.Warp <= 0.5) {
		return errors.Errorf("audio: batches with a Warp of %g; want 0 to 0.5", o.Warp)
	}
	if !(o.Noise >= 0 && o.Noise <= 100) {
		return errors.Errorf("audio: batches with a Noise of %g dB; want 0 to 100", o.Noise)
	}
	if o.Range != 0 {
		if err := o.Features.checkRange(o.Range); err != nil {
			return err
		}
	}
	return o.Augment.check()
}

// secondsOf is how long a file is: by its header, or by reading it if that does not say.
func secondsOf(path string) (float64, error) {
	s, err := OpenStream(path)
	if err != nil {
		return 0, err
	}
	defer func() { _ = s.Close() }()
	steps := s.Steps()
	if steps < 0 {
		sound, err := s.ReadAll()
		if err != nil {
			return 0, err
		}
		steps = sound.Steps()
	}
	return float64(steps) / float64(s.Rate()), nil
}

// SetEpoch begins the pass of that number. The same number gives the same batches.
func (b *Batches) SetEpoch(epoch int) {
	r := rand.New(rand.NewPCG(b.o.Seed, uint64(epoch)))
	order, key := make([]int, len(b.clips)), make([]float64, len(b.clips))
	for i := range order {
		order[i], key[i] = i, b.seconds[i]
		if b.o.Shuffle { // other neighbours in each pass, of nearly the same duration
			key[i] *= 1 + 0.1*r.Float64()
		}
	}
	sort.SliceStable(order, func(i, j int) bool { return key[order[i]] < key[order[j]] })
	b.order = b.order[:0]
	var now []int
	longest := 0.0
	for _, i := range order {
		longest = math.Max(longest, b.seconds[i])
		full := float64(len(now)+1)*longest > b.o.Seconds || b.o.Size > 0 && len(now) == b.o.Size
		if full && len(now) > 0 {
			b.order = append(b.order, now)
			now, longest = nil, b.seconds[i]
		}
		now = append(now, i)
	}
	if len(now) > 0 {
		b.order = append(b.order, now)
	}
	if b.o.Shuffle {
		r.Shuffle(len(b.order), func(i, j int) { b.order[i], b.order[j] = b.order[j], b.order[i] })
	}
	b.epoch, b.position, b.err = epoch, 0, nil
}

// Seconds is how long a recording is, by its number; 0 of one that there is not.
func (b *Batches) Seconds(clip int) float64 {
	if clip < 0 || clip >= len(b.seconds) {
		return 0
	}
	return b.seconds[clip]
}

// Target are the ids of the text of a recording, by its number; nil of one that there is not, and without a tokenizer.
func (b *Batches) Target(clip int) []int {
	if clip < 0 || clip >= len(b.targets) {
		return nil
	}
	return append([]int{}, b.targets[clip]...)
}

// Len is the number of batches in a pass.
func (b *Batches) Len() int { return len(b.order) }

// Seek makes the next batch of this pass the one of that number, counted from 0. Len is the end of the pass.
func (b *Batches) Seek(batch int) error {
	if batch < 0 || batch > len(b.order) {
		return errors.Errorf("audio: batch %d; there are %d", batch, len(b.order))
	}
	b.position, b.err = batch, nil
	return nil
}

// Next reads the next batch. It returns false at the end of the pass and after an error.
func (b *Batches) Next() (*datasets.Batch, bool) {
	if b.err != nil || b.position >= len(b.order) {
		return nil, false
	}
	examples := b.order[b.position]
	frames := make([]*Frames, len(examples))
	b.err = parallel.Do(len(examples), func(k int) (err error) {
		frames[k], err = b.load(examples[k])
		return err
	})
	if b.err != nil {
		return nil, false
	}
	b.position++
	out := &datasets.Batch{Examples: append([]int{}, examples...), Lengths: make([]int, len(examples))}
	n, width := len(examples), b.o.Features.Width()
	for k, f := range frames {
		out.Lengths[k] = f.Steps()
		out.Steps = max(out.Steps, f.Steps())
	}
	out.Steps = roundUp(out.Steps, b.o.RoundTo)
	out.Values = make([]float32, out.Steps*n*width)
	for k, f := range frames {
		for t := range f.Steps() {
			copy(out.Values[(t*n+k)*width:][:width], f.Values[t*width:])
		}
	}
	if b.targets != nil {
		b.fillTargets(out)
	}
	return out, true
}

// roundUp is the next multiple of unit, if it is given.
func roundUp(n, unit int) int {
	if unit < 1 {
		return n
	}
	return (n + unit - 1) / unit * unit
}

// fillTargets lays the ids of the texts out as [B, U].
func (b *Batches) fillTargets(out *datasets.Batch) {
	n := len(out.Examples)
	out.TargetLengths, out.TargetSteps = make([]int, n), 1
	for k, i := range out.Examples {
		out.TargetLengths[k] = len(b.targets[i])
		out.TargetSteps = max(out.TargetSteps, len(b.targets[i]))
	}
	out.TargetSteps = roundUp(out.TargetSteps, b.o.RoundTargets)
	out.Targets = make([]int, out.TargetSteps*n)
	for at := range out.Targets {
		u, ids := at%out.TargetSteps, b.targets[out.Examples[at/out.TargetSteps]]
		if out.Targets[at] = -1; u < len(ids) {
			out.Targets[at] = ids[u]
		}
	}
}

// load makes the frames of a recording, as this epoch has them.
func (b *Batches) load(i int) (*Frames, error) {
	path, r := b.clips[i].Path, rand.New(rand.NewPCG(b.o.Seed+uint64(b.epoch)<<32, uint64(i)+1<<40))
	frames, err := b.hear(path, r)
	if err != nil {
		return nil, err
	}
	return frames, errors.Wrap(b.finish(frames, r), path)
}

// hear makes frames of a file. Those that are the same in every pass may be remembered. Errors name the file.
func (b *Batches) hear(path string, r *rand.Rand) (*Frames, error) {
	if len(b.o.Speeds) == 0 && b.o.Noise == 0 && b.o.Warp == 0 {
		frames, _, err := b.o.Cache.Hear(b.o.Features, path)
		return frames, err
	}
	sound, err := Open(path)
	if err != nil {
		return nil, err
	}
	frames, err := b.vary(sound, r)
	return frames, errors.Wrap(err, path)
}

// vary makes frames of a sound that is changed at random.
func (b *Batches) vary(sound *Sound, r *rand.Rand) (*Frames, error) {
	sound, err := sound.Mono().Resample(b.o.Features.Rate)
	if err != nil {
		return nil, err
	}
	if len(b.o.Speeds) > 0 {
		if sound, err = sound.Speed(b.o.Speeds[r.IntN(len(b.o.Speeds))]); err != nil {
			return nil, err
		}
	}
	if b.o.Noise > 0 {
		if sound, err = noisy(sound, b.o.Noise, r); err != nil {
			return nil, err
		}
	}
	features := b.o.Features
	if b.o.Warp > 0 {
		features.Warp = 1 + b.o.Warp*(2*r.Float64()-1)
	}
	return features.Of(sound)
}

// finish normalises frames, and hides some of them.
func (b *Batches) finish(frames *Frames, r *rand.Rand) (err error) {
	if frames.Steps() == 0 {
		return errors.New("audio: a recording shorter than a window")
	}
	if b.o.Range != 0 {
		if err := b.o.Features.Limit(frames, b.o.Range); err != nil {
			return err
		}
	}
	switch {
	case b.o.Statistics != nil:
		err = b.o.Statistics.Apply(frames, true)
	case b.o.Normalise:
		err = frames.Normalise(true)
	}
	if err != nil {
		return err
	}
	return b.o.Augment.Apply(frames, r.Uint64())
}

// noisy adds white noise of a ratio from so many decibels to 20 more. Silence has no ratio, and stays.
func noisy(sound *Sound, decibels float64, r *rand.Rand) (*Sound, error) {
	decibels += 20 * r.Float64()
	noise, err := WhiteNoise(sound.Rate, sound.Steps(), r.Uint64())
	if err != nil || power(sound.Samples) == 0 {
		return sound, err
	}
	return sound.AddNoise(noise, decibels, 0)
}

// Err is the error that ended the pass early, if one did.
func (b *Batches) Err() error { return b.err }

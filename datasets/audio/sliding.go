package audio

import "github.com/pkg/errors"

// Sliding normalises each frame by a window of frames around it, or up to it, frame by frame: pieces of any size give the same
// bits as the whole. Kaldi's apply-cmvn-sliding and torchaudio.functional.sliding_window_cmn do the same.
type Sliding struct {
	Window   int  // frames, 600 is usual
	Centre   bool // the window reaches as far ahead as back. Otherwise it is the frame and the Window before it
	Least    int  // without Centre: the first frames wait until so many are there. 100 is usual; 0 waits for none
	Variance bool // also divides by the standard deviation

	width int
	buf   []float32 // frames from number base on
	base  int
	n     int // frames taken
	out   int // frames given
}

const mostFrames = 1 << 20

// Write takes frames and returns those that can be normalised by now.
func (s *Sliding) Write(f *Frames) (*Frames, error) {
	if s.Window < 1 || s.Window > mostFrames || s.Least < 0 || s.Least > mostFrames {
		return nil, errors.Errorf("audio: Sliding over %d frames, waiting for %d; want 1 to %d, and 0 to as many", s.Window, s.Least, mostFrames)
	}
	if err := f.check(); err != nil {
		return nil, err
	}
	if s.width == 0 {
		s.width = f.Width
	}
	if s.width != f.Width {
		return nil, errors.Errorf("audio: Sliding: frames of %d features after frames of %d", f.Width, s.width)
	}
	s.buf = append(s.buf, f.Values...)
	s.n += f.Steps()
	out := &Frames{Width: s.width}
	for s.out < s.n {
		if s.Centre && max(s.out-s.Window/2, 0)+s.Window > s.n || !s.Centre && s.Least > s.n {
			break
		}
		s.next(out)
	}
	if drop := s.out - s.Window - s.base - 1; drop > s.Window { // seldom, as it copies
		s.buf = s.buf[:copy(s.buf, s.buf[drop*s.width:])]
		s.base += drop
	}
	return out, nil
}

// Flush returns the rest of the recording, and makes s ready for another.
func (s *Sliding) Flush() (*Frames, error) {
	out := &Frames{Width: max(s.width, 1)}
	for s.out < s.n {
		s.next(out)
	}
	s.buf, s.base, s.n, s.out, s.width = s.buf[:0], 0, 0, 0, 0
	return out, nil
}

// next normalises a frame. Sums are made anew for each, so that no rounding adds up over hours.
func (s *Sliding) next(out *Frames) {
	begin, end := s.out-s.Window, max(s.out+1, s.Least)
	if s.Centre {
		begin = max(s.out-s.Window/2, 0)
		end = begin + s.Window
	}
	if end > s.n { // the recording is over
		begin, end = begin-(end-s.n), s.n
	}
	begin = max(begin, 0)
	row := s.buf[(s.out-s.base)*s.width:][:s.width]
	count := float64(end - begin)
	for j, v := range row {
		mean, square := 0.0, 0.0
		for t := begin; t < end; t++ {
			mean += float64(s.buf[(t-s.base)*s.width+j])
		}
		mean /= count
		if s.Variance {
			for t := begin; t < end; t++ {
				d := float64(s.buf[(t-s.base)*s.width+j]) - mean
				square += d * d
			}
		}
		out.Values = append(out.Values, normal(float64(v), mean, deviation(mean, square/count, s.Variance)))
	}
	s.out++
}

// Normalise is Sliding over the whole of a recording, of which it returns the frames.
func (s Sliding) Normalise(f *Frames) (*Frames, error) {
	one := Sliding{Window: s.Window, Centre: s.Centre, Least: s.Least, Variance: s.Variance}
	begin, err := one.Write(f)
	if err != nil {
		return nil, err
	}
	end, err := one.Flush()
	if err != nil {
		return nil, err
	}
	begin.Values = append(begin.Values, end.Values...)
	return begin, nil
}

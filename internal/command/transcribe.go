package command

import (
	"bufio"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/pkg/errors"
	"github.com/spf13/cobra"
	"github.com/unroll-go/unroll/datasets/audio"
	"github.com/unroll-go/unroll/internal/record"
	"github.com/unroll-go/unroll/recurrent/models"
)

// transcribing are the flags of transcribe.
type transcribing struct {
	model    modelFlags
	hearing  hearing
	how      models.Transcribing
	format   string
	partial  bool
	rate     int
	encoding string
	channels int
}

// transcriptFormats are the values of transcribe's --format.
var transcriptFormats = []string{"text", "jsonl", "srt", "vtt"}

func transcribeCommand() *cobra.Command {
	var t transcribing
	cmd := &cobra.Command{
		Use:   "transcribe FILE...",
		Short: "Write down what is said in recordings, or in sound as it comes",
		Long: `Write down what is said in WAV and FLAC files; "-" is the standard input, which
may go on for hours: WAV, FLAC, or with --rate samples without a header. Sound
of any rate and number of channels is taken.

A line is written for each segment, as soon as a pause ends it. A model that was
trained with --one-way or --chunk hears the sound as it comes, and --partial
shows what it has heard of a segment that is not over yet; one that reads whole
recordings in both directions hears pieces of up to 20 seconds.`,
		Example: `  unroll transcribe --model digits.safetensors call.wav
  unroll transcribe *.flac --format jsonl > heard.jsonl
  unroll transcribe film.wav --format srt > film.srt
  unroll transcribe call.wav --lm book.safetensors --lm-weight 0.7
  arecord -t raw -f S16_LE -r 8000 | unroll transcribe - --rate 8000 --partial`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usage("want files, or - for the standard input")
			}
			return nil
		},
		RunE: t.run,
	}
	t.model.add(cmd)
	f := cmd.Flags()
	f.StringVar(&t.format, "format", "text", "what is written: "+oneOf(transcriptFormats)+"; all but text have times")
	f.BoolVar(&t.partial, "partial", false, "show what was heard of a segment before it is over, in text and jsonl")
	t.hearing.flags(f)
	f.IntVar(&t.rate, "rate", 0, "samples a second of a standard input without a header")
	f.StringVar(&t.encoding, "encoding", audio.PCM16, "how these are encoded: u8, s16, s24, s32, f32, f64, alaw or mulaw")
	f.IntVar(&t.channels, "channels", 1, "how many channels it has")
	completions(cmd, map[string][]string{"format": transcriptFormats,
		"encoding": {audio.PCM8, audio.PCM16, audio.PCM24, audio.PCM32, audio.Float32, audio.Float64, audio.ALaw, audio.MuLaw}})
	return cmd
}

func (t *transcribing) run(cmd *cobra.Command, args []string) error {
	writers := map[string]func(*transcriptWriter){
		"text":  func(w *transcriptWriter) { w.write, w.show = w.text, w.showText },
		"jsonl": func(w *transcriptWriter) { w.write, w.show = w.object, w.showObject },
		"srt":   func(w *transcriptWriter) { w.write = w.subtitle },
		"vtt":   func(w *transcriptWriter) { w.write, w.comma = w.subtitle, "." },
	}
	choose := writers[t.format]
	switch {
	case choose == nil:
		return usage("--format %q; want %s", t.format, oneOf(transcriptFormats))
	case t.partial && t.format != "text" && t.format != "jsonl":
		return usage("--partial goes with --format text and jsonl: subtitles are whole")
	case len(args) > 1 && (t.format == "srt" || t.format == "vtt"):
		return usage("--format %s is for one recording; found %d", t.format, len(args))
	}
	for _, name := range []string{"encoding", "channels"} {
		if cmd.Flags().Changed(name) && t.rate == 0 {
			return usage("--%s goes with --rate: files tell how they are encoded", name)
		}
	}
	loaded, err := t.model.load()
	if err != nil {
		return err
	}
	m, ok := loaded.(*models.Recogniser)
	if !ok {
		return wrongKind(t.model.path, loaded, models.KindRecogniser)
	}
	if t.partial && m.Delay() < 0 {
		return errors.Errorf("--partial: %s reads whole recordings in both directions; train one with --one-way or --chunk", t.model.path)
	}
	if t.how, err = t.hearing.transcribing(cmd.Flags()); err != nil {
		return err
	}
	w := &transcriptWriter{out: bufio.NewWriter(cmd.OutOrStdout()), many: len(args) > 1, comma: ","}
	w.terminal = onTerminal(cmd.OutOrStdout())
	choose(w)
	if !t.partial {
		w.show = nil
	}
	if t.format == "vtt" {
		fmt.Fprintf(w.out, "WEBVTT\n\n")
	}
	for _, path := range args {
		if err := t.file(cmd, m, path, w); err != nil {
			return cmp.Or(w.out.Flush(), err)
		}
	}
	return w.out.Flush()
}

// open opens a recording, or the standard input.
func (t *transcribing) open(cmd *cobra.Command, path string) (*audio.Stream, error) {
	switch {
	case path != "-":
		if t.rate != 0 {
			return nil, usage("--rate goes with -, the standard input; %s tells its own", path)
		}
		return audio.OpenStream(path)
	case t.rate != 0:
		return audio.RawStream(cmd.InOrStdin(), "standard input", t.encoding, t.rate, t.channels)
	}
	return audio.ReadStream(cmd.InOrStdin(), "standard input")
}

// file writes what is said in a recording.
func (t *transcribing) file(cmd *cobra.Command, m *models.Recogniser, path string, w *transcriptWriter) error {
	in, err := t.open(cmd, path)
	if err != nil {
		return err
	}
	defer func() { _ = in.Close() }()
	w.file = path
	if m.Labels() != nil {
		sound, err := in.ReadAll()
		if err != nil {
			return err
		}
		found, err := m.Transcribe(cmd.Context(), sound, t.how)
		if err != nil {
			return errors.Wrap(err, path)
		}
		return w.label(found, t.format)
	}
	s, err := m.Stream(in.Rate(), t.how)
	if err != nil {
		return err
	}
	return errors.Wrap(hearAll(s, in, w), path)
}

// hearAll hears a stream to its end, a tenth of a second at a time.
func hearAll(s *models.RecogniserStream, in *audio.Stream, w *transcriptWriter) error {
	chunk := audio.Sound{Rate: in.Rate(), Channels: in.Channels(), Samples: make([]float32, max(in.Rate()/10, 1)*in.Channels())}
	for {
		n, err := in.Read(chunk.Samples[:cap(chunk.Samples)])
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
		chunk.Samples = chunk.Samples[:n]
		found, err := s.Write(chunk.Mono().Samples)
		if err != nil {
			return err
		}
		if err := w.all(found); err != nil {
			return err
		}
		if w.show == nil {
			continue
		}
		now, err := s.Partial()
		if err != nil {
			return err
		}
		if err := w.show(now); err != nil {
			return err
		}
	}
	found, err := s.Close()
	if err != nil {
		return err
	}
	return w.all(found)
}

// transcriptWriter writes segments in one of the formats.
type transcriptWriter struct {
	out      *bufio.Writer
	file     string
	many     bool // files, whose names are told
	terminal bool
	write    func(s models.Segment) error
	show     func(s models.Segment) error // a segment that is not over
	shown    string                       // of it
	number   int                          // of subtitles
	comma    string                       // in times
}

// all writes segments that are over, at once.
func (w *transcriptWriter) all(list []models.Segment) error {
	for _, s := range list {
		if err := w.write(s); err != nil {
			return err
		}
	}
	if len(list) == 0 {
		return nil
	}
	return w.out.Flush()
}

func (w *transcriptWriter) text(s models.Segment) error {
	if w.shown != "" && w.terminal {
		fmt.Fprintf(w.out, "\r\x1b[K")
	}
	w.shown = ""
	if w.many {
		fmt.Fprintf(w.out, "%s\t", withoutControls(w.file))
	}
	_, err := fmt.Fprintln(w.out, withoutControls(s.Text))
	return err
}

// showText shows a segment on the line where it will stand; in a file, on a line of its own with dots behind.
func (w *transcriptWriter) showText(s models.Segment) error {
	if s.Text == w.shown || s.Text == "" {
		return nil
	}
	w.shown = s.Text
	if w.terminal {
		fmt.Fprintf(w.out, "\r\x1b[K%s", shortened(withoutControls(s.Text), columns-1))
	} else {
		fmt.Fprintf(w.out, "%s ...\n", withoutControls(s.Text))
	}
	return w.out.Flush()
}

func (w *transcriptWriter) object(s models.Segment) error {
	w.shown = ""
	return json.NewEncoder(w.out).Encode(record.SegmentOf(w.file, s))
}

func (w *transcriptWriter) showObject(s models.Segment) error {
	if s.Text == w.shown || s.Text == "" {
		return nil
	}
	w.shown = s.Text
	r := record.SegmentOf(w.file, s)
	r.Partial = true
	return cmp.Or(json.NewEncoder(w.out).Encode(r), w.out.Flush())
}

// subtitle writes a segment of SRT or WebVTT.
func (w *transcriptWriter) subtitle(s models.Segment) error {
	w.number++
	_, err := fmt.Fprint(w.out, record.Subtitle(w.number, s, w.comma))
	return err
}

// label writes the label of a recording.
func (w *transcriptWriter) label(t *models.Transcript, format string) error {
	switch format {
	case "text":
		return w.text(models.Segment{Text: t.Label})
	case "jsonl":
		return json.NewEncoder(w.out).Encode(record.TranscriptOf(w.file, t))
	}
	return w.subtitle(models.Segment{Text: t.Label, End: t.Seconds})
}

// predictSpeech writes what is said in the recordings of a manifest, in one recording, or in the standard input, as objects.
func predictSpeech(cmd *cobra.Command, m *models.Recogniser, args []string, how models.Transcribing, part *parting) error {
	return part.write(cmd, m, args, func(w io.Writer) error {
		out := json.NewEncoder(w)
		one := func(path string, s *audio.Sound) error {
			t, err := m.Transcribe(cmd.Context(), s, how)
			if err != nil {
				return errors.Wrap(err, path)
			}
			return out.Encode(record.TranscriptOf(path, t))
		}
		if len(args) == 0 {
			in, err := audio.ReadStream(cmd.InOrStdin(), "standard input")
			if err != nil {
				return err
			}
			s, err := in.ReadAll()
			if err != nil {
				return err
			}
			return one("-", s)
		}
		paths := []string{args[0]}
		if end := strings.ToLower(filepath.Ext(args[0])); end == ".tsv" || end == ".jsonl" || end == ".json" {
			clips, err := audio.Manifest{}.Open(args[0])
			if err != nil {
				return err
			}
			paths = nil
			for _, c := range clips {
				paths = append(paths, c.Path)
			}
		}
		from, to := part.share(len(paths))
		for _, path := range paths[from:to] {
			s, err := audio.Open(path)
			if err != nil {
				return err
			}
			if err := one(path, s); err != nil {
				return err
			}
		}
		return nil
	})
}

package command

import (
	"context"
	"io"
	"os"

	"github.com/pkg/errors"
	"github.com/spf13/cobra"
	"github.com/unroll-go/unroll/recurrent/pretrained"
)

// Foundation models are language models that others have trained, in a folder as Hugging Face has it, a GGUF file, or a .pth
// file of RWKV.
// They are no kind of model of this command: it does not make or keep them.

// isFoundation tells whether --model names one.
func (m *modelFlags) isFoundation() bool { return pretrained.Is(m.path) }

// foundation opens the model that --model names.
func (m *modelFlags) foundation() (*pretrained.Model, error) {
	format, err := weightFormat(m.weights)
	if err != nil {
		return nil, err
	}
	f, err := pretrained.Load(m.path)
	if err != nil {
		return nil, err
	}
	if m.adapter != "" {
		if err := f.LoadAdapter(m.adapter); err != nil {
			return nil, err
		}
	}
	return f, f.SetWeightFormat(format)
}

// stateFlags are those of generate that read and write what a model remembers of a text.
type stateFlags struct {
	from, to string
	force    bool
}

func (s *stateFlags) add(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&s.from, "state", "", "go on from what a foundation model remembers, a file of --save-state")
	f.StringVar(&s.to, "save-state", "", "write what the foundation model remembers at the end; with --length 0, of the prompt")
	f.BoolVar(&s.force, "force", false, "write over the file of --save-state")
}

// given tells whether one of them was, and which.
func (s *stateFlags) given() string {
	switch {
	case s.from != "":
		return "--state"
	case s.to != "":
		return "--save-state"
	}
	return ""
}

// generateFoundation writes a prompt and its continuation by a foundation model, as soon as each piece of text is whole.
func generateFoundation(cmd *cobra.Command, model modelFlags, s stateFlags, prompt string, o pretrained.Generation) error {
	m, err := model.foundation()
	if err != nil {
		return err
	}
	if _, err := m.Tokenizer(); err != nil {
		return err
	}
	var stream *pretrained.Stream
	if s.from == "" {
		stream, err = m.Stream()
	} else {
		stream, err = m.OpenStream(s.from)
	}
	if err != nil {
		return err
	}
	if o.Length == 0 {
		if err := stream.ReadText(prompt); err != nil {
			return errors.WithMessage(err, "--prompt")
		}
	} else if err := writeOn(cmd.Context(), cmd.OutOrStdout(), stream, prompt, o); err != nil {
		return err
	}
	if s.to == "" {
		return nil
	}
	inputs := []string{s.from}
	if info, err := os.Stat(model.path); err == nil && !info.IsDir() {
		inputs = append(inputs, model.path)
	}
	return saveBeside(cmd, "--save-state", []string{s.to}, inputs, s.force, func() error { return stream.Save(s.to) })
}

// writeOn writes a prompt and what follows it.
func writeOn(ctx context.Context, w io.Writer, s *pretrained.Stream, prompt string, o pretrained.Generation) error {
	if _, err := io.WriteString(w, prompt); err != nil {
		return err
	}
	o.Each = func(piece string) error {
		_, err := io.WriteString(w, piece)
		return err
	}
	if _, err := s.Generate(ctx, prompt, o); err != nil {
		if errors.Is(err, context.Canceled) {
			return errors.New("interrupted")
		}
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}

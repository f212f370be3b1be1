package main

import (
	"bufio"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/pkg/errors"
	"github.com/spf13/cobra"
	"github.com/unroll-go/unroll/nn/train"
)

func predictCommand() *cobra.Command {
	var path, textColumn string
	cmd := &cobra.Command{
		Use:   "predict [FILE]",
		Short: "Predict the labels of texts",
		Long: `Read texts from a table (.csv, .tsv, .jsonl), from another file, one a line, or
from the standard input, one a line, and print a JSON object for each: a
classifier gives the likeliest label and the probabilities of all, a language
model the log-probability of the line, in nats, and its perplexity.`,
		Example: `  unroll predict --model reviews.safetensors new.csv > labelled.jsonl
  echo "a wonderful evening" | unroll predict --model reviews.safetensors`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 1 {
				return usage("found %d files; want one at most", len(args))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			m, err := loadAny(path)
			if err != nil {
				return err
			}
			if textColumn == "" && m.classifier != nil && len(args) == 1 {
				textColumn = m.classifier.config.TextColumn
			}
			out := bufio.NewWriter(cmd.OutOrStdout())
			if err := eachText(cmd.InOrStdin(), args, textColumn, func(texts []string) error { return m.predict(out, texts) }); err != nil {
				return err
			}
			return out.Flush()
		},
	}
	cmd.Flags().StringVar(&path, "model", "model.safetensors", "checkpoint of the model")
	cmd.Flags().StringVar(&textColumn, "text-column", "", "a table's column of the texts; the name that the model's own table has, unless given")
	return cmd
}

// together is how many texts are predicted at a time.
const together = 256

// eachText hands the texts of a file, or of the standard input, to f, some at a time.
func eachText(stdin io.Reader, args []string, textColumn string, f func(texts []string) error) error {
	if len(args) == 1 && slices.Contains([]string{".csv", ".tsv", ".jsonl"}, strings.ToLower(filepath.Ext(args[0]))) {
		t, err := readTable(args[0], textColumn, "", false)
		if err != nil {
			return err
		}
		for part := range slices.Chunk(t.texts, together) {
			if err := f(part); err != nil {
				return err
			}
		}
		return nil
	}
	in := stdin
	if len(args) == 1 {
		file, err := os.Open(args[0])
		if err != nil {
			return err
		}
		defer file.Close()
		in = file
	}
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, 1<<20)
	var part []string
	for lines.Scan() {
		if part = append(part, lines.Text()); len(part) == together {
			if err := f(part); err != nil {
				return err
			}
			part = part[:0]
		}
	}
	if err := lines.Err(); err != nil {
		return errors.Wrap(err, "reading lines")
	}
	if len(part) > 0 {
		return f(part)
	}
	return nil
}

// labelledText is what a classifier says of a text.
type labelledText struct {
	Text          string             `json:"text"`
	Label         string             `json:"label"`
	Probability   float64            `json:"probability"`
	Probabilities map[string]float64 `json:"probabilities"`
}

// likelyText is what a language model says of a text.
type likelyText struct {
	Text       string  `json:"text"`
	Tokens     int     `json:"tokens"` // that were predicted: all but the first
	LogProb    float64 `json:"log_probability"`
	Perplexity float64 `json:"perplexity"`
}

func (m anyModel) predict(w io.Writer, texts []string) error {
	e := json.NewEncoder(w)
	if m.language != nil {
		for _, text := range texts {
			ids, err := m.language.vocab.Encode(text)
			if err != nil {
				return errors.Wrapf(err, "%q", text)
			}
			out := likelyText{Text: text}
			if len(ids) > 1 {
				loss, err := m.language.lineLoss(ids)
				if err != nil {
					return err
				}
				out = likelyText{text, len(ids) - 1, -loss * float64(len(ids)-1), train.Perplexity(loss)}
			}
			if err := e.Encode(out); err != nil {
				return err
			}
		}
		return nil
	}
	all, err := m.classifier.probabilities(texts)
	if err != nil {
		return err
	}
	for i, p := range all {
		best := 0
		out := labelledText{Text: texts[i], Probabilities: map[string]float64{}}
		for j, v := range p {
			if v > p[best] {
				best = j
			}
			out.Probabilities[m.classifier.labels[j]] = v
		}
		out.Label, out.Probability = m.classifier.labels[best], p[best]
		if err := e.Encode(out); err != nil {
			return err
		}
	}
	return nil
}

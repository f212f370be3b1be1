package command

import (
	"io"
	"strings"

	"github.com/pkg/errors"
	"github.com/unroll-go/unroll/datasets"
	"github.com/unroll-go/unroll/internal/inputfile"
	"github.com/unroll-go/unroll/recurrent/models"
)

// lineWatcher watches lines with a language model.
type lineWatcher struct {
	watch *models.LineWatch
	by    string
	lines *datasets.Lines
	name  string
}

// watcher makes a language model watch.
func (t *textTask) watcher(m models.Model, fl *watchFlags) (watcher, error) {
	w, err := m.(*models.LanguageModel).Watch()
	return &lineWatcher{watch: w, by: fl.by}, err
}

func (l *lineWatcher) begin(path string, stdin io.Reader) (io.Closer, error) {
	in, name := io.NopCloser(stdin), "standard input"
	if path != "" {
		file, err := inputfile.Open(path)
		if err != nil {
			return nil, err
		}
		in, name = file, path
	}
	l.lines, l.name = datasets.PlainText{}.Read(in, name), name
	return in, nil
}

func (l *lineWatcher) next() (judgement, error) {
	if !l.lines.Next() {
		return nil, l.lines.Err()
	}
	text := l.lines.Text()
	s, err := l.watch.Score(text)
	if err != nil {
		return nil, errors.Wrapf(err, "%s, line %d", l.name, l.lines.Line())
	}
	score := s.Worst
	if l.by == byMean {
		score = s.Mean
	}
	return scoredLine{watched{Line: l.lines.Line(), Score: number(score), Token: s.Token, At: s.At, Worth: number(s.Worst), Text: text}}, nil
}

func (l *lineWatcher) forget() error { return l.watch.Forget() }

func (l *lineWatcher) what() (things, by string) { return "lines", l.by }

func (l *lineWatcher) notes(io.Writer) {}

// watched is a line with its score, for other programs.
type watched struct {
	Line  int    `json:"line"`
	Score number `json:"score"`
	Flag  bool   `json:"flag"`
	Token string `json:"token,omitempty"` // that is strangest
	At    int    `json:"at"`              // where it is in the line, in bytes
	Worth number `json:"token_score"`
	Text  string `json:"text"`
}

type scoredLine struct{ watched }

func (s scoredLine) strangeness() float64 { return float64(s.Score) }

func (s scoredLine) text(flagged bool) string {
	if flagged {
		return markedToken(s.Text, s.Token, s.At)
	}
	return s.Text
}

func (s scoredLine) object(flagged bool) any {
	s.Flag = flagged
	return s.watched
}

// markedToken is a line with its strangest token between angle quotes.
func markedToken(text, token string, at int) string {
	blanks := len(token) - len(strings.TrimLeft(token, " "))
	from := at + blanks
	to := at + len(token)
	if token == "\n" || from >= len(text) {
		return text + "»«" // it ends too early
	}
	if to > len(text) || text[at:to] != token {
		return text // it was normalised, and lies elsewhere
	}
	return text[:from] + "»" + text[from:to] + "«" + text[to:]
}

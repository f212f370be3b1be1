package serve

import (
	"strings"

	"github.com/unroll-go/unroll/datasets/tokenizer"
)

// echo tells the tokens of a prompt with how likely each was behind those before, and then lets a writer go on: a request with both
// "echo" and "logprobs". With "max_tokens" 0 it scores a text.
type echo struct {
	*writer
	ids   []int // not told yet
	rest  string
	piece *tokenizer.Streamer
	begun bool
}

func newEcho(w *writer, ids []int, text string) *echo {
	return &echo{writer: w, ids: ids, rest: text, piece: tokenizer.NewStreamer(w.tokens.Decode)}
}

// after is what a lane calls behind each token of the prompt, and behind those that the writer writes.
func (e *echo) after(l *lane, logits []float32) error {
	if !e.begun { // nothing comes before the first token, so nothing says how likely it is
		e.begun = true
		if err := e.tell(written{unknown: true}); err != nil {
			return err
		}
	}
	if len(e.ids) == 0 {
		return e.writer.after(l, logits)
	}
	p, top, err := likeliest(e.tokens, logits, e.ids[0], e.top)
	if err != nil {
		return err
	}
	return e.tell(written{logprob: p, top: top})
}

// tell hands on the next token of the prompt. The last one has what is left of the text, if a character is cut there.
func (e *echo) tell(one written) error {
	one.id, e.ids = e.ids[0], e.ids[1:]
	text, err := e.piece.Next(one.id)
	if err != nil {
		return err
	}
	if one.text = e.rest; len(e.ids) > 0 && strings.HasPrefix(e.rest, text) {
		one.text = text
	}
	e.rest = e.rest[len(one.text):]
	return e.each([]written{one})
}

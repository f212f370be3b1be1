package serve

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"github.com/unroll-go/unroll/recurrent/models"
)

// sessionAbout is what the service says of a session.
type sessionAbout struct {
	ID     string `json:"id"`
	Object string `json:"object"`
	about
	Bytes int `json:"bytes"` // of its state
}

func aboutOf(id string, s *session) sessionAbout {
	return sessionAbout{id, "session", s.about, len(s.state)}
}

// layout tells models apart whose states cannot be taken for each other: the sizes of the state, and what tokens or columns are.
func (v *served) layout() string {
	v.laidOut.Do(func() { v.layoutHash = layoutOf(v) })
	return v.layoutHash
}

func layoutOf(v *served) string {
	h := sha256.New()
	switch m := v.model.(type) {
	case nil:
		if v.steps == nil {
			break // it has no sessions
		}
		fmt.Fprintln(h, "foundation", v.kind, v.steps.entries, v.text.tokens().Len())
	case *models.LanguageModel:
		fmt.Fprintln(h, "language", v.steps.entries)
		_ = json.NewEncoder(h).Encode(m.Vocabulary()) // a hash takes everything
	case *models.SequenceModel:
		fmt.Fprintln(h, "sequence", len(v.live.first), m.Labels(), m.Columns(), m.Timed())
	}
	return hex.EncodeToString(h.Sum(nil))[:16]
}

// remembers refuses a model that has no state to keep.
func remembers(v *served) error {
	if v.steps != nil || v.live != nil {
		return nil
	}
	if v.text != nil {
		return bad("%s has attention that looks back at all of a text, so that its state grows: it has completions and no sessions", v.name)
	}
	return bad("%s is a %s, which has no sessions: language models have, and models of sequences that read forward and take the last state",
		v.name, v.kind)
}

// newSession is one that has read nothing.
func newSession(v *served) *session {
	s := &session{about: about{Model: v.name, Kind: v.kind, Layout: v.layout(), Created: time.Now().UTC().Truncate(time.Second), Pending: -1}}
	if v.steps != nil {
		s.state = stateBytes(v.steps.first)
	} else {
		s.state = v.live.first
	}
	return s
}

// mostTokens is more than any session reads: with a number of somebody's making beyond it, later ones would not be right.
const mostTokens = 1 << 50

// fits refuses a session that is of another network: the model may have been replaced.
func fits(v *served, s *session) error {
	tokens := -1
	if v.text != nil {
		tokens = v.text.tokens().Len() - 1
	}
	if s.Layout != v.layout() || v.steps != nil && len(s.state) != 4*len(v.steps.first) ||
		s.Pending < -1 || s.Pending > tokens || s.Tokens < 0 || int64(s.Tokens) > mostTokens {
		return refused(409, "the session is of another network than %s is now", v.name)
	}
	return nil
}

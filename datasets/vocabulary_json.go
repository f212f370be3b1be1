package datasets

import (
	"encoding/json"

	"github.com/pkg/errors"
)

// vocabularyJSON is the saved form; tokens are in the order of their ids.
type vocabularyJSON struct {
	Kind     string   `json:"kind"`
	Specials bool     `json:"specials,omitempty"` // tokens begins with the special ones
	Tokens   []string `json:"tokens"`
}

// MarshalJSON writes {"kind": ..., "tokens": [...]}, with the tokens in the order of their ids, and "specials": true
// after WithSpecials.
func (v *Vocabulary) MarshalJSON() ([]byte, error) {
	return json.Marshal(vocabularyJSON{v.kind, v.specials, v.tokens})
}

// UnmarshalJSON reads what MarshalJSON wrote. A kind it does not know, no tokens, and tokens that are empty, doubled
// or not normalised are errors, and then v stays as it was.
func (v *Vocabulary) UnmarshalJSON(data []byte) error {
	var saved vocabularyJSON
	if err := json.Unmarshal(data, &saved); err != nil {
		return errors.Wrap(err, "datasets: vocabulary")
	}
	if saved.Kind != Character && saved.Kind != Word && saved.Kind != Label {
		return errors.Errorf("datasets: a vocabulary of kind %q; want %q, %q or %q", saved.Kind, Character, Word, Label)
	}
	// Where one token ends and the next begins is not checked: that changes between versions of Unicode, and an old
	// checkpoint must still load.
	loaded, err := newVocabulary(saved.Kind, saved.Tokens, saved.Specials)
	if err != nil {
		return err
	}
	*v = *loaded
	return nil
}

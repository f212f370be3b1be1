package models

import (
	"math"
	"slices"

	"github.com/unroll-go/unroll/nn/train/metric/spans"
)

// TagConfig is what a Config has for a Tagger alone. What is zero and cannot be takes the value of Defaults.
type TagConfig struct {
	// Characters is what reads the characters of each word beside the word as a whole: one of SpellingReaders.
	Characters string
	CharEmbed  int // width of a character's embedding
	CharHidden int // of what reads them: width of the hidden state in each direction, or half the number of filters
	// Softmax chooses each tag by itself. Without it, a CRF chooses the sentence's tags as a whole, see losses.CRF.
	Softmax bool
	// Scheme says how the tags mark spans, by its name in package spans: what cannot be in it is never predicted. It is none
	// for tags that mark no spans.
	Scheme string
}

// TagOrigin tells which file of tagged words a Tagger was trained on, and how it was read: see datasets.Tagged.
type TagOrigin struct {
	TagFile    string
	TagFormat  string
	TagColumn  string
	WordColumn string
	FileScheme string // of the file's tags, which may be another than the model's
}

// Ways in which a Tagger reads the characters of words.
const (
	SpellingRecurrent = "recurrent" // the model's cell in both directions, its last states (Lample et al., 2016)
	SpellingConv      = "conv"      // filters of three characters, the maximum over the word (Ma and Hovy, 2016)
	SpellingNone      = "none"
)

// SpellingReaders are the values of TagConfig.Characters.
func SpellingReaders() []string { return []string{SpellingRecurrent, SpellingConv, SpellingNone} }

// complete fills in what is zero and cannot be.
func (c TagConfig) complete() TagConfig {
	d := taggerDefaults().Tag
	if c.Characters == "" {
		c.Characters = d.Characters
	}
	if c.CharEmbed == 0 {
		c.CharEmbed = d.CharEmbed
	}
	if c.CharHidden == 0 {
		c.CharHidden = d.CharHidden
	}
	if c.Scheme == "" {
		c.Scheme = spans.None.String()
	}
	return c
}

// checkTag refuses what is wrong with the fields of a tagger.
func (c Config) checkTag() error {
	t := c.Tag
	if !slices.Contains(SpellingReaders(), t.Characters) {
		return wrong("Tag.Characters", "%q; want %s", t.Characters, oneOf(SpellingReaders()))
	}
	for _, v := range []struct {
		field string
		value int
	}{{"Tag.CharEmbed", t.CharEmbed}, {"Tag.CharHidden", t.CharHidden}} {
		if v.value < 1 {
			return wrong(v.field, "%d; want at least 1", v.value)
		}
		if v.value > math.MaxInt32 {
			return wrong(v.field, "%d; want at most %d", v.value, math.MaxInt32)
		}
	}
	if t.Scheme != "" && !slices.Contains(spans.Names(), t.Scheme) {
		return wrong("Tag.Scheme", "%q; want %s", t.Scheme, oneOf(spans.Names()))
	}
	return nil
}

// scheme is the scheme of the model's tags. The configuration was checked.
func (c Config) scheme() spans.Scheme {
	s, _ := spans.Named(c.Tag.Scheme)
	return s
}

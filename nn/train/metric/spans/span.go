package spans

import "github.com/pkg/errors"

// Span is some words next to each other that belong together.
type Span struct {
	Type       string
	Start, End int // its words: from Start on, before End, counted from 0
}

// Lenient reads the spans of a sentence as the script conlleval and seqeval's default mode do, in whatever scheme, and
// makes the best of tags that cannot follow each other: an I behind an O begins a span, another type begins another span.
// L is read as E, and U as S, which the two do not know. What is no tag of spans is read as O.
func Lenient(tags []string) []Span {
	var out []Span
	before, start := tag{'O', ""}, 0
	for i := range len(tags) + 1 {
		now := tag{'O', ""}
		if i < len(tags) {
			if t, ok := parse(tags[i]); ok {
				now = t
			}
		}
		switch now.letter {
		case 'L':
			now.letter = 'E'
		case 'U':
			now.letter = 'S'
		}
		if ends(before, now) {
			out = append(out, Span{before.kind, start, i})
		}
		if begins(before, now) {
			start = i
		}
		before = now
	}
	return out
}

// ends tells whether a span ends between two tags: seqeval's end_of_chunk.
func ends(a, b tag) bool {
	switch a.letter {
	case 'O':
		return false
	case 'E', 'S':
		return true
	}
	return b.letter == 'B' || b.letter == 'S' || b.letter == 'O' || a.kind != b.kind
}

// begins tells whether a span begins at the second of two tags: seqeval's start_of_chunk.
func begins(a, b tag) bool {
	switch b.letter {
	case 'O':
		return false
	case 'B', 'S':
		return true
	}
	return a.letter == 'E' || a.letter == 'S' || a.letter == 'O' || a.kind != b.kind
}

// Spans reads the spans of a sentence as seqeval's strict mode does: those alone that are marked as the scheme says. A tag
// that the scheme does not have is an error; where tags follow each other that cannot, there is no span. None has no spans.
func (s Scheme) Spans(tags []string) ([]Span, error) {
	list := make([]tag, len(tags)+1)
	for i, text := range tags {
		t, ok := s.atEdge(text)
		if s.letters() != "" && (!ok || text == "") {
			return nil, errors.Errorf("spans: tag %d is %q, which %v does not have", i, text, s)
		}
		list[i] = t
	}
	if s.letters() == "" {
		return nil, nil
	}
	list[len(tags)] = tag{'O', ""}
	var out []Span
	before := tag{'O', ""}
	for i := 0; i < len(list); {
		if !s.starts(before, list[i]) {
			before = list[i]
			i++
			continue
		}
		end := i + 1
		for s.inside(list[end-1], list[end]) { // the O at the end is inside of nothing
			end++
		}
		if s.stops(list[end-1], list[end]) {
			out = append(out, Span{list[i].kind, i, end})
		}
		before, i = list[end-1], end
	}
	return out, nil
}

// starts, inside and stops are the patterns of seqeval's schemes: whether a span starts at a tag, goes on with it, or has
// ended before it.

func (s Scheme) starts(a, b tag) bool {
	switch {
	case s != IOB1:
		return b.letter == 'B' || b.letter == 'S' || b.letter == 'U'
	case b.letter == 'B':
		return a.letter != 'O' && a.kind == b.kind
	}
	return b.letter == 'I' && (a.letter != 'I' || a.kind != b.kind)
}

func (s Scheme) inside(a, b tag) bool {
	open := a.letter == 'B' || a.letter == 'I'
	return open && a.kind == b.kind && (b.letter == 'I' || b.letter == 'E' || b.letter == 'L')
}

func (s Scheme) stops(a, b tag) bool {
	switch {
	case s == BIOES || s == BILOU:
		return a.letter != 'B' && a.letter != 'I' && a.letter != 'O'
	case a.letter == 'O':
		return false
	case b.letter == 'B':
		return s == IOB2 || a.letter == 'I' || a.kind == b.kind
	}
	return b.letter == 'O' || a.kind != b.kind
}

// Tags marks spans among some words. Spans that overlap or lie outside are an error.
func (s Scheme) Tags(spans []Span, words int) ([]string, error) {
	if s.letters() == "" {
		return nil, errors.Errorf("spans: %v marks no spans", s)
	}
	if words < 0 || words > mostWords {
		return nil, errors.Errorf("spans: %d words; want 0 to %d", words, mostWords)
	}
	tags := make([]string, words)
	of := make([]string, words) // the type of the span that a word is in
	for _, v := range spans {
		if v.Start < 0 || v.End > words || v.Start >= v.End || v.Type == "" {
			return nil, errors.Errorf("spans: %v among %d words", v, words)
		}
		for i := v.Start; i < v.End; i++ {
			if tags[i] != "" {
				return nil, errors.Errorf("spans: word %d is in two spans", i)
			}
			tags[i], of[i] = write(s.letter(i, v), v.Type), v.Type
		}
	}
	for i := range tags {
		if tags[i] == "" {
			tags[i] = outside
		}
	}
	if s == IOB1 { // a B where a span would otherwise go on
		for _, v := range spans {
			if v.Start > 0 && of[v.Start-1] == v.Type {
				tags[v.Start] = write('B', v.Type)
			}
		}
	}
	return tags, nil
}

// mostWords bounds a sentence: more is a mistake.
const mostWords = 1 << 24

// letter is that of word i of a span.
func (s Scheme) letter(i int, v Span) byte {
	last, alone := byte('E'), byte('S')
	if s == BILOU {
		last, alone = 'L', 'U'
	}
	switch ends := s == BIOES || s == BILOU; {
	case s == IOB1:
		return 'I'
	case ends && v.End-v.Start == 1:
		return alone
	case i == v.Start:
		return 'B'
	case ends && i == v.End-1:
		return last
	}
	return 'I'
}

// Convert marks the spans of a sentence as another scheme does. It reads them as Lenient, so that the outcome has no
// faults. From None or to None, the tags stay as they are; a tag that the scheme does not have is an error.
func (s Scheme) Convert(to Scheme, tags []string) ([]string, error) {
	if s.letters() == "" || to.letters() == "" {
		return append([]string{}, tags...), nil
	}
	for i, text := range tags {
		if _, ok := s.atEdge(text); !ok || text == "" {
			return nil, errors.Errorf("spans: tag %d is %q, which %v does not have", i, text, s)
		}
	}
	return to.Tags(Lenient(tags), len(tags))
}

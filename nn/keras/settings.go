package keras

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// settings are the configuration of a layer. Reading one that this library has no equal of notes a problem; so all
// problems of a model come out together.
type settings struct {
	where    string // "LSTM lstm_1", for messages
	values   map[string]any
	version  string
	problems *[]string
	notes    *[]string
}

func (s settings) problem(format string, args ...any) {
	*s.problems = append(*s.problems, s.where+": "+fmt.Sprintf(format, args...))
}

func (s settings) note(format string, args ...any) {
	*s.notes = append(*s.notes, s.where+": "+fmt.Sprintf(format, args...))
}

// keras3 tells whether a Keras since version 3 wrote the file.
func (s settings) keras3() bool {
	return !strings.HasPrefix(s.version, "2.") && !strings.HasPrefix(s.version, "1.")
}

// text is a setting of text.
func (s settings) text(key, unless string) string {
	switch v := s.values[key].(type) {
	case nil:
		return unless
	case string:
		return v
	default:
		s.problem("%s is %v; want text", key, brief(v))
		return unless
	}
}

// truth is a setting that is true or false.
func (s settings) truth(key string, unless bool) bool {
	switch v := s.values[key].(type) {
	case nil:
		return unless
	case bool:
		return v
	default:
		s.problem("%s is %v; want true or false", key, brief(v))
		return unless
	}
}

// number is a setting that is a finite number.
func (s settings) number(key string, unless float64) float64 {
	switch v := s.values[key].(type) {
	case nil:
		return unless
	case float64:
		return v
	default:
		s.problem("%s is %v; want a number", key, brief(v))
		return unless
	}
}

// most is the limit for sizes in a configuration.
const most = 1 << 24

// size is a setting that counts something.
func (s settings) size(key string, unless int) int {
	v := s.number(key, float64(unless))
	if v != math.Trunc(v) || v < 1 || v > most {
		s.problem("%s is %v; want a whole number from 1 to %d", key, brief(s.values[key]), most)
		return max(unless, 1)
	}
	return int(v)
}

// sizes is a setting of n sizes; Keras writes a single number, or a list.
func (s settings) sizes(key string, n, unless int) []int {
	v, ok := s.values[key].([]any)
	if !ok {
		return slices.Repeat([]int{s.size(key, unless)}, n)
	}
	out := whole(v, 1)
	if len(out) != n {
		s.problem("%s is %v; want %d whole numbers", key, brief(v), n)
		return slices.Repeat([]int{max(unless, 1)}, n)
	}
	return out
}

// whole turns a list into whole numbers of at least low; nil if it holds anything else.
func whole(list []any, low float64) []int {
	out := make([]int, 0, len(list))
	for _, e := range list {
		v, ok := e.(float64)
		if !ok || v != math.Trunc(v) || v < low || v > most {
			return nil
		}
		out = append(out, int(v))
	}
	return out
}

// only notes a problem unless a setting is missing, null or has one of some values.
func (s settings) only(key string, values ...any) {
	if v := s.values[key]; v != nil && !slices.ContainsFunc(values, func(w any) bool { return fmt.Sprint(v) == fmt.Sprint(w) }) {
		s.problem("%s is %v; only %v is supported", key, brief(v), values)
	}
}

// brief is a value for a message.
func brief(v any) string {
	if v == nil {
		return "missing"
	}
	text := fmt.Sprintf("%v", v)
	if s, ok := v.(string); ok {
		text = fmt.Sprintf("%q", s)
	}
	if len(text) > 60 {
		text = strings.ToValidUTF8(text[:60], "") + "..."
	}
	return text
}

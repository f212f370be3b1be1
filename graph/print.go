package graph

import (
	"fmt"
	"strings"
)

// String lists the instructions.
func (p *executable) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "program: %d steps, %d bytes\n", len(p.steps), p.bytes())
	for i := range p.steps {
		s := &p.steps[i]
		if s.copies != nil {
			fmt.Fprintf(&b, "%4d  %-10s  = copy %s  for %s\n", i, s.places[0], ref(s.copies), ref(s.values[0]))
			continue
		}
		for j, v := range s.values {
			number := ""
			if j == 0 {
				number = fmt.Sprint(i)
			}
			fmt.Fprintf(&b, "%4s  %-10s %s\n", number, s.places[j], describe(v))
		}
	}
	return b.String()
}

// describe writes what a value is.
func describe(v *value) string {
	assign := " ="
	if v.onto != nil {
		assign = "+="
	}
	s := fmt.Sprintf("%s %%%d %s", assign, v.id, v.opName())
	for _, in := range v.in {
		s += " " + ref(in)
	}
	s += fmt.Sprintf("  %v", v.shape)
	if v.onto != nil {
		s += "  onto " + ref(v.onto)
	}
	if v.path != "" {
		s += "  ; " + v.path
	}
	return s
}

// String names a place in memory: an arena offset, or "own" for memory outside the arena.
func (at place) String() string {
	switch {
	case at == inside:
		return "-"
	case at.own:
		return fmt.Sprintf("own+%d", at.offset)
	}
	return fmt.Sprintf("@%d", at.offset)
}

// ref names an operand: leaves by name, computed values by number, parts of values by what they are parts of.
func ref(v *value) string {
	switch o := v.op.(type) {
	case nil:
		if v.leaf != nil {
			return v.leaf.name
		}
	case reshape:
		return ref(v.in[0])
	case slice:
		if o.outer == 1 {
			return fmt.Sprintf("%s[%d:%d]", ref(v.in[0]), o.start, o.end)
		}
		return fmt.Sprintf("%s[,%d:%d]", ref(v.in[0]), o.start, o.end)
	case *concat:
		return fmt.Sprintf("(%s … %s)", ref(v.in[0]), ref(v.in[len(v.in)-1]))
	}
	return fmt.Sprintf("%%%d", v.id)
}

// opName is a value's operation without its scope.
func (v *value) opName() string {
	if v.op != nil {
		return v.op.String()
	}
	return v.leaf.name
}

// label names an instruction's operation, with its scope, for messages.
func (s *instruction) label() string {
	v := s.values[0]
	if v.path == "" {
		return fmt.Sprintf("%s %v", v.opName(), v.shape)
	}
	return fmt.Sprintf("%s in %s %v", v.opName(), v.path, v.shape)
}

// line is where the caller asked for the instruction's operation, for the end of a message.
func (s *instruction) line() string {
	if at := s.values[0].origin.String(); at != "" {
		return " (" + at + ")"
	}
	return ""
}

// failed is the error of an instruction that found something wrong with its data.
func (s *instruction) failed(err error) error {
	v := s.values[0]
	return &Fault{Path: v.path, Op: v.opName(), Shape: v.shape, Origin: v.origin, Cause: err}
}

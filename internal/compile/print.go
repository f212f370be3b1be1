package compile

import (
	"fmt"
	"strings"

	"github.com/unroll-go/unroll/internal/op"
)

// String lists the instructions.
func (p *Program) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "program: %d steps, %d bytes\n", len(p.steps), p.Bytes())
	for i := range p.steps {
		s := &p.steps[i]
		if s.copies != nil {
			fmt.Fprintf(&b, "%4d  %-10s  = copy %s  for %s\n", i, s.addresses[0], ref(s.copies), ref(s.values[0]))
			continue
		}
		for j, v := range s.values {
			number := ""
			if j == 0 {
				number = fmt.Sprint(i)
			}
			fmt.Fprintf(&b, "%4s  %-10s %s\n", number, s.addresses[j], describe(v))
		}
	}
	return b.String()
}

// describe writes what a value is.
func describe(v *Value) string {
	assign := " ="
	if v.onto != nil {
		assign = "+="
	}
	var s strings.Builder
	fmt.Fprintf(&s, "%s %%%d %s", assign, v.id, v.opName())
	for _, in := range v.In {
		s.WriteString(" " + ref(in))
	}
	fmt.Fprintf(&s, "  %v", v.Shape)
	if v.onto != nil {
		s.WriteString("  onto " + ref(v.onto))
	}
	if v.Path != "" {
		s.WriteString("  ; " + v.Path)
	}
	return s.String()
}

// String names an address: an offset in the arena, or "own" for memory outside the arena.
func (at address) String() string {
	switch {
	case at == transient:
		return "-"
	case at.own:
		return fmt.Sprintf("own+%d", at.offset)
	}
	return fmt.Sprintf("@%d", at.offset)
}

// ref names an operand: leaves by name, computed values by number, parts of values by what they are parts of.
func ref(v *Value) string {
	switch o := v.Op.(type) {
	case nil:
		if v.Leaf != nil {
			return v.Leaf.Name
		}
	case op.Reshape:
		return ref(v.In[0])
	case op.Slice:
		if o.Outer == 1 {
			return fmt.Sprintf("%s[%d:%d]", ref(v.In[0]), o.Start, o.End)
		}
		return fmt.Sprintf("%s[,%d:%d]", ref(v.In[0]), o.Start, o.End)
	case *op.Concat:
		return fmt.Sprintf("(%s … %s)", ref(v.In[0]), ref(v.In[len(v.In)-1]))
	}
	return fmt.Sprintf("%%%d", v.id)
}

// opName is a value's operation without its scope.
func (v *Value) opName() string {
	switch {
	case v.Op != nil:
		return v.Op.String()
	case v.Leaf != nil:
		return v.Leaf.Name
	}
	return "nothing" // a mistake, see check
}

// label names an instruction's operation, with its scope, for messages.
func (s *instruction) label() string {
	v := s.values[0]
	if v.Path == "" {
		return fmt.Sprintf("%s %v", v.opName(), v.Shape)
	}
	return fmt.Sprintf("%s in %s %v", v.opName(), v.Path, v.Shape)
}

// line is where the caller asked for the instruction's operation, for the end of a message.
func (s *instruction) line() string {
	if at := s.values[0].Origin.String(); at != "" {
		return " (" + at + ")"
	}
	return ""
}

// failed is the error of an instruction that found something wrong with its data.
func (s *instruction) failed(err error) error {
	v := s.values[0]
	return &Fault{Path: v.Path, Op: v.opName(), Shape: v.Shape, Origin: v.Origin, Cause: err}
}

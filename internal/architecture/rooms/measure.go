package main

import (
	"cmp"
	"go/ast"
	"go/token"
	"go/types"
	"maps"
	"path/filepath"
	"slices"
)

// room is what is measured of a package.
type room struct {
	lines, exported, longest int
	function                 string // the longest one
	uses                     uses
}

// arrow says that a file uses names of another.
type arrow struct{ from, to string }

// uses are all arrows of a package, with the names.
type uses map[arrow][]string

func measure(p *pkg) (room, error) {
	fset, files, info, err := p.check()
	if err != nil {
		return room{}, err
	}
	r := room{uses: uses{}}
	for _, f := range files {
		r.lines += fset.Position(f.End()).Line
		for _, d := range f.Decls {
			r.declaration(fset, d)
		}
	}
	fileOf := func(pos token.Pos) string { return filepath.Base(fset.Position(pos).Filename) }
	for id, obj := range info.Uses {
		if obj.Pkg() == nil || obj.Pkg().Path() != p.ImportPath || !obj.Pos().IsValid() || isPackage(obj) {
			continue
		}
		a := arrow{fileOf(id.Pos()), fileOf(obj.Pos())}
		if a.from != a.to && !slices.Contains(r.uses[a], obj.Name()) {
			r.uses[a] = append(r.uses[a], obj.Name())
		}
	}
	return r, nil
}

func isPackage(obj types.Object) bool {
	_, ok := obj.(*types.PkgName)
	return ok
}

// declaration counts what a declaration exports, and its lines if it is a function.
func (r *room) declaration(fset *token.FileSet, d ast.Decl) {
	switch d := d.(type) {
	case *ast.FuncDecl:
		receiver := ""
		if d.Recv != nil {
			receiver = typeName(d.Recv.List[0].Type)
		}
		if d.Name.IsExported() && (receiver == "" || ast.IsExported(receiver)) {
			r.exported++
		}
		if n := fset.Position(d.End()).Line - fset.Position(d.Pos()).Line + 1; n > r.longest {
			r.longest, r.function = n, d.Name.Name
			if receiver != "" {
				r.function = receiver + "." + d.Name.Name
			}
		}
	case *ast.GenDecl:
		for _, s := range d.Specs {
			switch s := s.(type) {
			case *ast.TypeSpec:
				if s.Name.IsExported() {
					r.exported++
				}
			case *ast.ValueSpec:
				for _, n := range s.Names {
					if n.IsExported() {
						r.exported++
					}
				}
			}
		}
	}
}

// typeName is the name of a method's receiver type.
func typeName(t ast.Expr) string {
	switch t := t.(type) {
	case *ast.Ident:
		return t.Name
	case *ast.StarExpr:
		return typeName(t.X)
	case *ast.IndexExpr:
		return typeName(t.X)
	case *ast.IndexListExpr:
		return typeName(t.X)
	}
	return ""
}

func (u uses) count() int { return len(u) }

// order puts files that use others first. It takes away, again and again, files that nobody uses to the front, files
// that use nobody to the back, and, when there are neither, the one that uses most and is used least to the front.
func (u uses) order() []string {
	left := map[string]bool{}
	for a := range u {
		left[a.from], left[a.to] = true, true
	}
	var front, back []string
	for len(left) > 0 {
		out, in := map[string]int{}, map[string]int{}
		for a := range u {
			if left[a.from] && left[a.to] {
				out[a.from]++
				in[a.to]++
			}
		}
		names := slices.Sorted(maps.Keys(left))
		pick := func(ok func(name string) bool) string {
			if i := slices.IndexFunc(names, ok); i >= 0 {
				return names[i]
			}
			return ""
		}
		if f := pick(func(n string) bool { return out[n] == 0 }); f != "" {
			back = append(back, f)
			delete(left, f)
			continue
		}
		f := pick(func(n string) bool { return in[n] == 0 })
		if f == "" {
			f = slices.MaxFunc(names, func(a, b string) int {
				return cmp.Or(cmp.Compare(out[a]-in[a], out[b]-in[b]), cmp.Compare(b, a))
			})
		}
		front = append(front, f)
		delete(left, f)
	}
	slices.Reverse(back)
	return append(front, back...)
}

// backUp are the arrows from a file to one before it in the order.
func (u uses) backUp() []arrow {
	at := map[string]int{}
	for i, f := range u.order() {
		at[f] = i
	}
	var out []arrow
	for a := range u {
		if at[a.from] > at[a.to] {
			out = append(out, a)
		}
	}
	slices.SortFunc(out, func(a, b arrow) int { return cmp.Or(cmp.Compare(a.from, b.from), cmp.Compare(a.to, b.to)) })
	return out
}

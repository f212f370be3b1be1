package main

import (
	"bytes"
	"fmt"
	"go/constant"
	"go/format"
	"go/types"
	"os"
	"path/filepath"
	"sort"
	"strconv"
	"strings"

	"github.com/cosmos72/gomacro/base/untyped"
	"github.com/pkg/errors"
	"golang.org/x/tools/go/packages"
)

// writeTables writes one file for each package: what the interpreter needs to know of its exported names
// (github.com/cosmos72/gomacro/imports.Package). Generic functions and types are left out, which the interpreter cannot call.
func writeTables(dir string, list []string) error {
	loaded, err := packages.Load(&packages.Config{
		Mode: packages.NeedName | packages.NeedTypes | packages.NeedImports | packages.NeedDeps,
		Dir:  dir,
		Env:  append(os.Environ(), "CGO_ENABLED=0", "GOWORK=off", "GOFLAGS=-mod=mod"),
	}, list...)
	if err != nil {
		return err
	}
	for i, p := range loaded {
		if len(p.Errors) > 0 {
			return errors.Wrapf(p.Errors[0], "loading %s", p.PkgPath)
		}
		text, err := newTable(p.Types).source()
		if err != nil {
			return errors.Wrapf(err, "the table of %s", p.PkgPath)
		}
		if err := write(filepath.Join(dir, fmt.Sprintf("table_%03d.go", i)), text); err != nil {
			return err
		}
	}
	return nil
}

// table collects the entries of one package.
type table struct {
	pkg     *types.Package
	imports map[string]string // path to the name it has in the file
	entries map[string][]string
	proxies bytes.Buffer
}

func newTable(pkg *types.Package) *table {
	return &table{pkg: pkg, imports: map[string]string{}, entries: map[string][]string{}}
}

// name is how the file calls a package. Names are numbered, because two packages may have the same.
func (t *table) name(pkg *types.Package) string {
	if n, ok := t.imports[pkg.Path()]; ok {
		return n
	}
	n := fmt.Sprintf("%s_%d", pkg.Name(), len(t.imports))
	t.imports[pkg.Path()] = n
	return n
}

func (t *table) add(kind, key, value string, args ...any) {
	t.entries[kind] = append(t.entries[kind], fmt.Sprintf("%q: %s,\n", key, fmt.Sprintf(value, args...)))
}

// source is the Go file.
func (t *table) source() ([]byte, error) {
	own := t.name(t.pkg)
	scope := t.pkg.Scope()
	for _, name := range scope.Names() {
		obj := scope.Lookup(name)
		if !obj.Exported() {
			continue
		}
		full := own + "." + name
		switch obj := obj.(type) {
		case *types.Const:
			t.constant(obj, full)
		case *types.Var:
			t.add("Binds", name, "r.ValueOf(&%s).Elem()", full)
		case *types.Func:
			if obj.Type().(*types.Signature).TypeParams() == nil {
				t.add("Binds", name, "r.ValueOf(%s)", full)
			}
		case *types.TypeName:
			t.typeName(obj, full)
		}
	}
	var b bytes.Buffer
	b.WriteString("package main\n\nimport (\nr \"reflect\"\n\"github.com/cosmos72/gomacro/imports\"\n")
	for _, path := range sortedKeys(t.imports) {
		fmt.Fprintf(&b, "%s %q\n", t.imports[path], path)
	}
	fmt.Fprintf(&b, ")\n\nfunc init() {\nimports.Packages[%q] = imports.Package{\nName: %q,\n", t.pkg.Path(), t.pkg.Name())
	for _, kind := range sortedKeys(t.entries) {
		fmt.Fprintf(&b, "%s: map[string]%s{\n%s},\n", kind, kinds[kind], strings.Join(t.entries[kind], ""))
	}
	b.WriteString("}\n}\n")
	b.Write(t.proxies.Bytes())
	return format.Source(b.Bytes())
}

var kinds = map[string]string{
	"Binds": "r.Value", "Types": "r.Type", "Proxies": "r.Type", "Untypeds": "string", "Wrappers": "[]string",
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}

// constant adds a constant. One without a type may be larger than an int: it is converted to what holds it, and its exact
// value stands beside it.
func (t *table) constant(obj *types.Const, full string) {
	basic, ok := obj.Type().(*types.Basic)
	if !ok || basic.Info()&types.IsUntyped == 0 {
		t.add("Binds", obj.Name(), "r.ValueOf(%s)", full)
		return
	}
	if v := obj.Val(); v.Kind() == constant.Int {
		if i, exact := constant.Int64Val(v); !exact {
			full = "uint64(" + full + ")"
		} else if i != int64(int32(i)) {
			full = "int64(" + full + ")"
		}
	}
	t.add("Binds", obj.Name(), "r.ValueOf(%s)", full)
	t.add("Untypeds", obj.Name(), "%s", strconv.Quote(untyped.Marshal(untyped.GoUntypedToKind(basic.Kind()), obj.Val())))
}

func (t *table) typeName(obj *types.TypeName, full string) {
	named, ok := types.Unalias(obj.Type()).(*types.Named)
	if ok && named.TypeParams() != nil {
		return
	}
	i, isInterface := obj.Type().Underlying().(*types.Interface)
	if isInterface && !i.IsMethodSet() {
		return // a constraint
	}
	t.add("Types", obj.Name(), "r.TypeOf((*%s)(nil)).Elem()", full)
	if isInterface {
		t.proxy(obj, i)
	}
	if ok && !isInterface {
		if promoted := promotedMethods(named); len(promoted) > 0 {
			t.add("Wrappers", obj.Name(), "%#v", promoted)
		}
	}
}

// promotedMethods are those that a struct has from its embedded fields, which reflection cannot tell from its own.
func promotedMethods(named *types.Named) []string {
	if _, ok := named.Underlying().(*types.Struct); !ok {
		return nil
	}
	set := types.NewMethodSet(types.NewPointer(named))
	var names []string
	for i := range set.Len() {
		if m := set.At(i); len(m.Index()) > 1 && m.Obj().Exported() {
			names = append(names, m.Obj().Name())
		}
	}
	return names
}

// proxy adds a struct that implements an interface by functions, for types that a notebook declares.
func (t *table) proxy(obj *types.TypeName, i *types.Interface) {
	for m := range i.Methods() {
		if !m.Exported() {
			return // nothing outside its package can have it
		}
	}
	name := "proxy_" + obj.Name() + "_" + t.name(t.pkg)
	t.add("Proxies", obj.Name(), "r.TypeOf((*%s)(nil)).Elem()", name)
	fmt.Fprintf(&t.proxies, "\ntype %s struct {\nObject any\n", name)
	for m := range i.Methods() {
		sig := m.Signature()
		fmt.Fprintf(&t.proxies, "%s_ func(_ any%s) %s\n", m.Name(), t.params(sig, ", ", true), t.results(sig))
	}
	t.proxies.WriteString("}\n")
	for m := range i.Methods() {
		sig := m.Signature()
		result := ""
		if sig.Results().Len() > 0 {
			result = "return "
		}
		fmt.Fprintf(&t.proxies, "func (p *%s) %s(%s) %s { %sp.%s_(p.Object%s) }\n", name, m.Name(),
			strings.TrimPrefix(t.params(sig, ", ", true), ", "), t.results(sig), result, m.Name(), t.params(sig, ", ", false))
	}
}

// params lists the parameters as p0, p1, ..., each after the separator, with their types or as arguments of a call.
func (t *table) params(sig *types.Signature, before string, typed bool) string {
	var b strings.Builder
	for i := range sig.Params().Len() {
		fmt.Fprintf(&b, "%sp%d", before, i)
		last := sig.Variadic() && i == sig.Params().Len()-1
		typ := sig.Params().At(i).Type()
		switch {
		case typed && last:
			fmt.Fprintf(&b, " ...%s", types.TypeString(typ.(*types.Slice).Elem(), t.name))
		case typed:
			fmt.Fprintf(&b, " %s", types.TypeString(typ, t.name))
		case last:
			b.WriteString("...")
		}
	}
	return b.String()
}

func (t *table) results(sig *types.Signature) string {
	var list []string
	for i := range sig.Results().Len() {
		list = append(list, types.TypeString(sig.Results().At(i).Type(), t.name))
	}
	return "(" + strings.Join(list, ", ") + ")"
}

package main

import (
	"bytes"
	"debug/buildinfo"

	cdx "github.com/CycloneDX/cyclonedx-go"
	"github.com/pkg/errors"
)

// sbomOf lists what a binary was made of, as Go wrote it into the binary.
func sbomOf(binary string) ([]byte, error) {
	info, err := buildinfo.ReadFile(binary)
	if err != nil {
		return nil, errors.Wrapf(err, "%s: want a command built by Go", binary)
	}
	for _, s := range info.Settings {
		if s.Key == "CGO_ENABLED" && s.Value != "0" {
			return nil, errors.Errorf("%s was built with cgo, and may need a system around it; build it with CGO_ENABLED=0", binary)
		}
	}
	bom := cdx.NewBOM()
	bom.SerialNumber = "" // the same binary, the same list
	bom.Metadata = &cdx.Metadata{Component: &cdx.Component{
		Type: cdx.ComponentTypeApplication, Name: info.Path, Version: info.Main.Version, BOMRef: info.Path,
		PackageURL: "pkg:golang/" + info.Main.Path + "@" + info.Main.Version,
	}}
	list := []cdx.Component{{Type: cdx.ComponentTypeFramework, Name: "go", Version: info.GoVersion, BOMRef: "go", PackageURL: "pkg:golang/std@" + info.GoVersion}}
	for _, d := range info.Deps {
		if d.Replace != nil {
			d = d.Replace
		}
		url := "pkg:golang/" + d.Path + "@" + d.Version
		list = append(list, cdx.Component{Type: cdx.ComponentTypeLibrary, Name: d.Path, Version: d.Version, BOMRef: url, PackageURL: url})
	}
	bom.Components = &list
	var b bytes.Buffer
	e := cdx.NewBOMEncoder(&b, cdx.BOMFileFormatJSON)
	e.SetPretty(true)
	err = e.Encode(bom)
	return b.Bytes(), errors.WithStack(err)
}

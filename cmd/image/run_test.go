//go:build linux

package main

import (
	"archive/tar"
	"bytes"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/v1/layout"
)

// unpack writes the files of an image below a folder, as who owns them, and lists them.
func unpack(t *testing.T, image, root string) (files []string) {
	t.Helper()
	index, err := layout.ImageIndexFromPath(image)
	if err != nil {
		t.Fatal(err)
	}
	manifest, err := index.IndexManifest()
	if err != nil {
		t.Fatal(err)
	}
	one, err := index.Image(manifest.Manifests[0].Digest)
	if err != nil {
		t.Fatal(err)
	}
	layers, err := one.Layers()
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range layers {
		r, err := l.Uncompressed()
		if err != nil {
			t.Fatal(err)
		}
		for in := tar.NewReader(r); ; {
			h, err := in.Next()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			path := filepath.Join(root, h.Name)
			if h.Typeflag == tar.TypeDir {
				err = os.MkdirAll(path, 0o755)
			} else {
				var data []byte
				if data, err = io.ReadAll(in); err == nil {
					err = os.WriteFile(path, data, h.FileInfo().Mode())
				}
				files = append(files, h.Name)
			}
			if err == nil {
				err = os.Chown(path, h.Uid, h.Gid)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	return files
}

// within is the command of the image with nothing around it but the image's files, as the image's user. If the root is to be
// read-only, it is mounted so.
func within(root string, readOnly bool, args ...string) *exec.Cmd {
	var c *exec.Cmd
	if readOnly {
		script := `mount --make-rprivate / && mount --bind "$0" "$0" && mount -o remount,ro,bind "$0" && exec chroot --userspec=65532:65532 "$0" /usr/bin/unroll "$@"`
		c = exec.Command("unshare", append([]string{"--mount", "sh", "-c", script, root}, args...)...)
		c.SysProcAttr = &syscall.SysProcAttr{}
	} else {
		c = exec.Command("/"+binaryPath, args...)
		c.SysProcAttr = &syscall.SysProcAttr{Chroot: root, Credential: &syscall.Credential{Uid: user, Gid: user}}
		c.Dir = "/"
	}
	c.Env = []string{}
	c.SysProcAttr.Pdeathsig = syscall.SIGKILL
	return c
}

// The image has the binary, the list of its parts and the model alone, and with nothing else around it, as nobody, from a root that
// cannot be written to, it serves; with a folder that can, it trains, as SageMaker asks it to. A training that is interrupted goes on to the same bits.
func TestImageRuns(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("only root may change the root")
	}
	dir := t.TempDir()
	binary := filepath.Join(dir, "unroll")
	build := exec.Command("go", "build", "-trimpath", "-o", binary, "./cmd/unroll")
	build.Dir, build.Env = "../..", append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	table := []byte("text,label\n" + strings.Repeat("a good day,up\na bad night,down\nso good,up\nbad and sad,down\n", 20))
	settings := []byte(`{"epochs":"12","patience":"0","hidden":"8","embed":"4","task":"table"}`)
	// Without a model, it trains.
	first := image{binary: binary, os: "linux", arch: "amd64"}
	if _, err := first.write(filepath.Join(dir, "trains")); err != nil {
		t.Fatal(err)
	}
	train := func(root string) *exec.Cmd {
		unpack(t, filepath.Join(dir, "trains"), root)
		for path, data := range map[string][]byte{"input/config/hyperparameters.json": settings, "input/data/train/reviews.csv": table} {
			path = filepath.Join(root, "opt/ml", path)
			if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, data, 0o644)); err != nil {
				t.Fatal(err)
			}
		}
		for _, folder := range []string{"model", "checkpoints", "output"} { // what SageMaker mounts
			path := filepath.Join(root, "opt/ml", folder)
			if err := errors.Join(os.MkdirAll(path, 0o755), os.Chown(path, user, user)); err != nil {
				t.Fatal(err)
			}
		}
		return within(root, false, "train")
	}
	whole, parts := filepath.Join(dir, "whole"), filepath.Join(dir, "parts")
	if out, err := train(whole).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	interrupted := train(parts)
	var log bytes.Buffer
	interrupted.Stdout, interrupted.Stderr = &log, &log
	if err := interrupted.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- interrupted.Wait() }()
	for begun := false; !begun; {
		select {
		case err := <-ended:
			ended <- err
			begun = true
		case <-time.After(time.Millisecond):
			_, err := os.Stat(filepath.Join(parts, "opt/ml/checkpoints/model.safetensors"))
			begun = err == nil
		}
	}
	_ = interrupted.Process.Signal(syscall.SIGTERM) // it may have ended
	if err := <-ended; err == nil {
		t.Log("the training ended before it was interrupted")
	}
	again := within(parts, false, "train")
	if out, err := again.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s\n%s", err, &log, out)
	}
	model := filepath.Join(whole, "opt/ml/model/model.safetensors")
	want, err := os.ReadFile(model)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(filepath.Join(parts, "opt/ml/model/model.safetensors")); err != nil || !bytes.Equal(got, want) {
		t.Errorf("%v: the training that was interrupted gives another model\n%s", err, &log)
	}
	// With a model, it serves.
	second := image{binary: binary, models: []string{model}, os: "linux", arch: "amd64"}
	if _, err := second.write(filepath.Join(dir, "serves")); err != nil {
		t.Fatal(err)
	}
	root := filepath.Join(dir, "root")
	files := unpack(t, filepath.Join(dir, "serves"), root)
	if all := []string{binaryPath, sbomPath, modelPath + "/model.safetensors"}; !slices.Equal(files, all) {
		t.Errorf("the image has %v; want %v", files, all)
	}
	address, took := serve(t, root)
	t.Logf("%v from the start to the first answer", took)
	a, err := http.Post("http://"+address+"/invocations", "application/json", strings.NewReader(`["a good day"]`))
	if err != nil {
		t.Fatal(err)
	}
	defer a.Body.Close()
	if body, err := io.ReadAll(a.Body); err != nil || a.StatusCode != http.StatusOK || !bytes.Contains(body, []byte(`"label":"up"`)) {
		t.Errorf("%v: status %d: %s", err, a.StatusCode, body)
	}
	if left := unexpected(t, root, files); len(left) > 0 {
		t.Errorf("it wrote %v", left)
	}
}

// serve starts the service of an image from a root that cannot be written to, and waits until it answers.
func serve(t *testing.T, root string) (address string, took time.Duration) {
	t.Helper()
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address = free.Addr().String()
	_ = free.Close()
	c := within(root, true, "serve", "--model", "/"+modelPath+"/model.safetensors", "--listen", address, "--log", "off")
	var log bytes.Buffer
	c.Stderr = &log
	begin := time.Now()
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- c.Wait() }()
	t.Cleanup(func() {
		_ = c.Process.Signal(syscall.SIGTERM)
		if err := <-ended; err != nil {
			t.Errorf("SIGTERM: %v\n%s", err, &log)
		}
	})
	for {
		if a, err := http.Get("http://" + address + "/ping"); err == nil {
			_ = a.Body.Close()
			if a.StatusCode == http.StatusOK {
				return address, time.Since(begin)
			}
		}
		select {
		case err := <-ended:
			ended <- nil
			t.Fatalf("%v\n%s", err, &log)
		case <-time.After(time.Millisecond):
		}
	}
}

// unexpected are files below a root that an image does not have.
func unexpected(t *testing.T, root string, files []string) (left []string) {
	t.Helper()
	err := filepath.WalkDir(root, func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			if name, err := filepath.Rel(root, path); err != nil || !slices.Contains(files, name) {
				left = append(left, name)
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return left
}

package mpi_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// Where the schemas of TrainJob and TrainingRuntime come from, which have those of jobs and of pods in them.
const (
	trainer    = "github.com/kubeflow/trainer/v2@v2.0.0"
	trainerSum = "h1:mnQSR9iPKItxyUR8mq66XsmxqKNVHwr9YYOB7BTU9dU="
)

func readYAML(t *testing.T, path string) (out map[string]any) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(data, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

// schemas are those of the kinds of manifest on the page.
func schemas(t *testing.T) map[string]schema {
	t.Helper()
	download := exec.Command("go", "mod", "download", "-json", trainer)
	download.Dir = t.TempDir()
	out, err := download.Output()
	var module struct{ Dir, Sum string }
	if err != nil || json.Unmarshal(out, &module) != nil {
		t.Skipf("%s cannot be had: %v", trainer, err)
	}
	if module.Sum != trainerSum {
		t.Fatalf("%s has the sum %s; want %s", trainer, module.Sum, trainerSum)
	}
	of := func(kind string) schema {
		crd := readYAML(t, filepath.Join(module.Dir, "manifests", "base", "crds", "trainer.kubeflow.org_"+kind+".yaml"))
		version := crd["spec"].(map[string]any)["versions"].([]any)[0].(map[string]any)
		s := schema(version).at("schema", "openAPIV3Schema")
		s.at("properties", "metadata")["x-kubernetes-preserve-unknown-fields"] = true
		return s
	}
	runtime := of("trainingruntimes")
	job := runtime.at("properties", "spec", "properties", "template", "properties", "spec", "properties", "replicatedJobs", "items",
		"properties", "template", "properties", "spec")
	text := map[string]any{"type": "string"}
	mpi := schema(readYAML(t, filepath.Join("testdata", "mpijob.yaml")))
	replicas := mpi.at("properties", "spec", "properties", "mpiReplicaSpecs", "properties")
	for _, r := range []string{"Launcher", "Worker"} {
		replicas.at(r, "properties")["template"] = map[string]any(job.at("properties", "template"))
	}
	return map[string]schema{
		"MPIJob": mpi, "TrainingRuntime": runtime, "TrainJob": of("trainjobs"),
		"Job": {"type": "object", "properties": map[string]any{"apiVersion": text, "kind": text, "spec": map[string]any(job),
			"metadata": map[string]any{"type": "object", "x-kubernetes-preserve-unknown-fields": true}}},
	}
}

// The manifests of docs/scale.md have no fault by the schemas of their kinds, and faults are found.
func TestManifests(t *testing.T) {
	all := schemas(t)
	page, err := os.ReadFile(filepath.Join("..", "docs", "scale.md"))
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, block := range regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllStringSubmatch(string(page), -1) {
		for text := range strings.SplitSeq(block[1], "---\n") {
			check := func(text string) []string {
				var v map[string]any
				if err := yaml.Unmarshal([]byte(text), &v); err != nil {
					t.Fatal(err)
				}
				kind, _ := v["kind"].(string)
				seen[kind] = true
				return all[kind].faults(kind, v)
			}
			if faults := check(text); len(faults) > 0 {
				t.Errorf("%s\n%s", strings.Join(faults, "\n"), text)
			}
			for right, wrong := range map[string]string{"image:": "picture:", "- name: data": "- name: 3", "restartPolicy: ": "restartPolicy: {a: b} #",
				"mpiImplementation: OpenMPI": "mpiImplementation: PVM", "numNodes: 4": "numNodes: four", "replicas: 4": "replicas: 0"} {
				if bad := strings.Replace(text, right, wrong, 1); bad != text && len(check(bad)) == 0 {
					t.Errorf("no fault is found in %s\n%s", wrong, text)
				}
			}
		}
	}
	for kind := range all {
		if !seen[kind] {
			t.Errorf("the page has no %s", kind)
		}
	}
}

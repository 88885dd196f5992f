# Everything that a developer or CI runs. It needs Debian or Ubuntu, python3 (>= 3.10) with venv,
# and make. ROS 2 is installed as wheels into a venv in this folder, or is the sourced one.

PYTHON ?= python3

# If ROS 2 is sourced, test that one; if DISTRO or DEPS is set, use the wheels.
ifeq ($(origin DISTRO)$(origin DEPS),undefinedundefined)
ifdef ROS_DISTRO
SOURCED := $(shell $(PYTHON) -c 'import rclpy' 2>&1 >/dev/null || echo no)
ifeq ($(SOURCED),)
SOURCED := $(ROS_DISTRO)
else
$(info ROS_DISTRO is $(ROS_DISTRO), but $(PYTHON) cannot import its rclpy: using the wheels.)
SOURCED :=
endif
endif
endif

DISTRO ?= jazzy
DEPS ?= newest

ifeq ($(filter $(DISTRO),jazzy kilted),)
$(error DISTRO is '$(DISTRO)', expected jazzy or kilted)
endif
ifeq ($(filter $(DEPS),newest apt),)
$(error DEPS is '$(DEPS)', expected newest or apt)
endif

ifdef SOURCED
VENV := .venv-ros-$(SOURCED)
VENV_OPTIONS := --system-site-packages
REQUIREMENTS := requirements/newest.txt
# The versions that apt has installed are used, so nothing is pinned.
CONSTRAINTS :=
OF_TESTS := requirements/test.txt
TESTED := $(VENV)/installed
export PYTHONPATH := $(CURDIR):$(PYTHONPATH)
else
VENV := .venv$(if $(filter-out jazzy,$(DISTRO)),-$(DISTRO))$(if $(filter-out newest,$(DEPS)),-$(DEPS))
VENV_OPTIONS :=
REQUIREMENTS := requirements/$(DISTRO).txt requirements/$(DEPS).txt
CONSTRAINTS := requirements/constraints-$(DISTRO).txt requirements/constraints-$(DEPS).txt
# With DEPS=apt, apt.txt contains them.
OF_TESTS := $(if $(filter newest,$(DEPS)),$(addprefix requirements/,test.txt fuzz.txt examples.txt fast.txt video.txt socks.txt))
# The simulated arm is tested with the newest versions only; otherwise its tests are skipped.
TESTED := $(VENV)/installed $(if $(filter newest,$(DEPS)),$(VENV)/sim)
# Most tests wait for real processes; each has its own ROS domain.
PARALLEL := -n 4 --dist worksteal
# Package shares are found under these prefixes.
export AMENT_PREFIX_PATH := $(CURDIR)/$(VENV)
export PYTHONPATH := $(CURDIR)
# Another ROS 2 may be sourced, or this make may run inside a Python of the wheels, which mark
# their environment as prepared. Do not use the libraries of either.
unexport LD_LIBRARY_PATH RMW_IMPLEMENTATION ROS_DISTRO _ROS_WHEELS_BOOTSTRAP_COMPLETE
endif

PINNED := $(addprefix --constraints ,$(CONSTRAINTS))
# A test compares the installed versions with them.
export CONSTRAINTS
COLCON_VENV := $(VENV)-colcon
AUDIT_VENV := .venv-audit
PRERELEASE_VENV := .venv-prereleases
SOCKET_TESTS := $(patsubst %,test/server/test_%.py,fair_reader hostile_frames hostile_requests \
  liveness request_head rest slow_peers web_socket)
DOCS_VENV := .venv-docs
LEROBOT_VENV := .venv-lerobot
LEROBOT := 0.4.4
PLUGINS := $(wildcard lerobot_plugins/lerobot_*)
# One for each Python, because CI runs the unit tests on several. It needs no ROS.
UNIT_VENV := .venv-unit-$(notdir $(PYTHON))
UNIT_REQUIREMENTS := $(addprefix requirements/,newest.txt test.txt fast.txt)
# Runs from the cache of npm: nothing is compiled or installed in this folder.
TYPESCRIPT := 7.0.2
TSC := npm exec --yes --loglevel=error --package=typescript@$(TYPESCRIPT) -- tsc --allowJs --checkJs \
  --strict --noEmit --target es2022 --module es2022
BIN := $(VENV)/bin
# GPL: it is run only, and part of nothing that is distributed.
HADOLINT := $(BIN)/hadolint
CHECK := $(BIN)/python -m check_jsonschema --builtin-schema
COVERAGE := $(BIN)/python -m coverage
PYTEST := $(BIN)/python -m pytest

export ROS_AUTOMATIC_DISCOVERY_RANGE := LOCALHOST
ifeq ($(ROS_DISTRO),humble)
# The same setting on Humble.
export ROS_LOCALHOST_ONLY := 1
endif

.DEFAULT_GOAL := help
# All targets install into one venv, so they must not run in parallel.
.NOTPARALLEL:
.PHONY: help demo sim lerobot test unit coverage motion fuzz browser nginx bench tracking lossy faults soak lint fix types docs audit prereleases constraints colcon clean

help: ## List the targets
	@echo 'make TARGET, where TARGET is one of'
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  \1\t\2/p' Makefile | expand -t 12
	@echo 'Options: SECONDS=15 (demo, sim, soak), STEPS=100000 (motion), EXAMPLES=1000 (fuzz), SHORT=1 (bench), DISTRO=jazzy|kilted, DEPS=newest|apt, ARGS=... (test, prereleases, motion, fuzz, bench, tracking, lossy, soak), PYTHON=...'

demo: $(VENV)/runtime ## Show a leader arm moving a follower arm through an arena; SECONDS=15 runs unattended
	@$(BIN)/python -c "import sys; from lerobot_arena_ros.executables import arena_demo; sys.exit(arena_demo())" $(if $(SECONDS),--seconds $(SECONDS))

sim: $(VENV)/sim ## Show a simulated SO-101, driven from the browser; SECONDS=15 runs unattended
	@$(BIN)/python -c "import sys; from lerobot_arena_ros.executables import sim_demo; sys.exit(sim_demo())" $(if $(SECONDS),--seconds $(SECONDS))

lerobot: $(VENV)/sim $(LEROBOT_VENV)/installed ## Teleoperate, record, replay, train and roll out with LeRobot and the simulated arm
	$(LEROBOT_VENV)/bin/python -m pytest lerobot_plugins
	PYTHONPATH='$(CURDIR):$(CURDIR)/lerobot_plugins' $(BIN)/python -m end_to_end $(LEROBOT_VENV)/bin $(ARGS)

test: $(TESTED) ## Run all tests; DISTRO=kilted or DEPS=apt for other versions, ARGS='-k name' for some
	$(PYTEST) $(PARALLEL) $(ARGS)

unit: $(UNIT_VENV)/installed ## Run the tests that need neither ROS nor sockets nor other processes; PYTHON=python3.13
	PYTHONPATH='$(CURDIR)' $(UNIT_VENV)/bin/python -m pytest -n 2 --dist worksteal --unit $(ARGS)

coverage: $(TESTED) $(VENV)/coverage ## Run all tests and measure their coverage; fails below 95 %, of control and arena below 100 %
	$(COVERAGE) erase
	@MOTION_STEPS=1000 $(MAKE) --no-print-directory test PYTEST='$(COVERAGE) run -m pytest'
	$(COVERAGE) combine --quiet
	$(COVERAGE) report --fail-under=95
	$(COVERAGE) report --fail-under=100 --include='lerobot_arena_ros/control/*,lerobot_arena_ros/arena/*'

motion: STEPS ?= 1000000
motion: $(VENV)/installed ## Test gate and motion limits in a million random steps each, or in STEPS=100000
	MOTION_STEPS=$(STEPS) $(BIN)/python -m pytest -o faulthandler_timeout=0 $(ARGS) test/control/test_*_properties.py

fuzz: EXAMPLES ?= 10000
fuzz: $(VENV)/installed ## Fuzz what reads foreign data, with 10000 examples per test, or EXAMPLES=1000
	FUZZ_EXAMPLES=$(EXAMPLES) $(BIN)/python -m pytest -o faulthandler_timeout=0 $(ARGS) test/*/test_fuzz_*.py test/arena/test_json_text.py

nginx: $(VENV)/installed ## Test several arenas behind nginx, which must be installed
	REQUIRE=nginx $(BIN)/python -m pytest $(ARGS) test/system/test_deploy*.py test/project/test_benchmark_nginx.py

browser: $(VENV)/browser $(VENV)/sim ## Test the console in Chromium, which must be installed; pictures go to build/screenshots
	REQUIRE=browser $(BIN)/python -m pytest -n 2 --dist loadfile test/server/test_console*_in_browser.py test/media/test_camera_in_browser.py \
	  test/sim/test_sim_*_in_browser.py $(ARGS)

bench: $(VENV)/$(if $(SHORT),installed,bench) ## Measure everything and its lower bounds; SHORT=1 is a smoke test
	$(BIN)/python -m benchmark $(if $(SHORT),--short) $(ARGS)

tracking: $(VENV)/sim $(VENV)/bench ## Measure how the simulated arm follows; ARGS=--page writes docs/performance.md
	$(BIN)/python -m benchmark.motion $(ARGS)

lossy: $(VENV)/bench ## Measure joints and stops over a lossy link; ARGS=--page writes docs/performance.md
	$(BIN)/python -m benchmark.lossy $(ARGS)

faults: $(VENV)/installed ## Inject every fault and write the results to docs/reliability.md
	$(BIN)/python test/system/reliability_page.py $(ARGS)

soak: SECONDS ?= 3600
soak: $(VENV)/installed ## Put an arena and a camera under load for an hour, or for SECONDS=60
	LEROBOT_ARENA_SOAK_SECONDS=$(SECONDS) $(BIN)/python -m pytest -q -p no:xdist -o faulthandler_timeout=0 $(ARGS) test/system/test_soak.py test/system/test_camera_soak.py

ifdef SOURCED
# The results must not depend on a sourced ROS.
lint fix types:
	@$(MAKE) --no-print-directory $@ DISTRO=$(DISTRO)
else
lint: $(VENV)/linters ## Check style and format, and the files in .github and deploy
	$(BIN)/python -m ruff check .
	$(BIN)/python -m ruff format --check .
	$(CHECK) vendor.github-workflows .github/workflows/*.yml
	$(CHECK) custom.github-workflows-require-timeout .github/workflows/*.yml
	$(CHECK) vendor.github-issue-forms .github/ISSUE_TEMPLATE/[!c]*.yml
	$(CHECK) vendor.github-issue-config .github/ISSUE_TEMPLATE/config.yml
	$(CHECK) vendor.dependabot .github/dependabot.yml
	$(CHECK) vendor.compose-spec deploy/compose.yaml
	$(HADOLINT) deploy/Dockerfile deploy/ros.Dockerfile
	$(BIN)/zizmor --offline --quiet .github

fix: $(VENV)/linters ## Format the code, and apply the safe fixes of ruff
	$(BIN)/python -m ruff check --fix --exit-zero .
	$(BIN)/python -m ruff format .

types: $(VENV)/linters ## Check types, also of the tests and, if npm is installed, of the console's JavaScript
	$(BIN)/python -m mypy lerobot_arena_ros test benchmark examples deploy/*.py requirements/*.py docs/conf.py
	MYPYPATH=test $(BIN)/python -m mypy --exclude /build/ lerobot_plugins
	@if command -v npm >/dev/null; then $(TSC) lerobot_arena_ros/server/console/*.js && \
	  echo 'tsc $(TYPESCRIPT): no issues found in the JavaScript of the console'; \
	else echo 'npm is not installed: the JavaScript of the console was not checked.'; fi
endif

docs: $(DOCS_VENV)/installed ## Build the site of docs/ in build/docs; it needs no ROS
	@rm -rf build/docs
	PYTHONPATH='$(CURDIR)' $(DOCS_VENV)/bin/python -m sphinx --nitpicky --fail-on-warning --keep-going --quiet docs build/docs
	@echo 'The site begins at build/docs/index.html.'

audit: $(AUDIT_VENV)/installed ## Look up known vulnerabilities of the pinned versions
	@$(AUDIT_VENV)/bin/python requirements/audit.py

# Created anew each time, because new pre-releases do not change a file.
prereleases: ## Test client and server with the newest pre-releases of the libraries, without ROS
	@$(PYTHON) requirements/install.py --new --pre $(PRERELEASE_VENV) requirements/prereleases.txt
	@$(PRERELEASE_VENV)/bin/python -m pip freeze | grep -E '(a|b|rc|dev)[0-9]+$$' || \
	  echo 'No library has a pre-release that is newer than its release.'
	$(PRERELEASE_VENV)/bin/python -m pytest $(PARALLEL) $(ARGS) test/arena $(SOCKET_TESTS)

# The pins for ROS 2 and for apt agree with the newest versions where possible.
PINS := $(AUDIT_VENV)/bin/uv pip compile --quiet --upgrade --universal --python-version 3.10 \
  --no-annotate --custom-compile-command 'make constraints'
constraints: $(AUDIT_VENV)/installed ## Pin the newest versions in requirements/constraints-*.txt
	$(PINS) -o requirements/constraints-newest.txt \
	  $(filter-out requirements/constraints-% %/jazzy.txt %/kilted.txt %/apt.txt %/lerobot.txt,$(sort $(wildcard requirements/*.txt)))
	$(PINS) -o requirements/constraints-jazzy.txt -c requirements/constraints-newest.txt requirements/jazzy.txt
	$(PINS) -o requirements/constraints-kilted.txt -c requirements/constraints-newest.txt requirements/kilted.txt
	$(PINS) -o requirements/constraints-apt.txt -c requirements/constraints-jazzy.txt requirements/apt.txt
	$(PINS) -o deploy/requirements.txt -c requirements/constraints-newest.txt --generate-hashes requirements/newest.txt

colcon: $(COLCON_VENV)/installed ## Build and test the package with colcon in a temporary workspace
	@set -e; workspace=$$(mktemp -d); trap 'rm -rf "$$workspace"' EXIT; \
	mkdir "$$workspace/src"; ln -s '$(CURDIR)' "$$workspace/src/lerobot_arena_ros"; cd "$$workspace"; \
	colcon() { '$(CURDIR)/$(COLCON_VENV)/bin/python' -c 'from colcon_core.command import main; exit(main())' "$$@"; }; \
	colcon build --event-handlers console_direct+; \
	colcon test --event-handlers console_direct+ --pytest-args $(PARALLEL) $(ARGS); \
	colcon test-result --verbose

clean: ## Remove the venvs and the files of the tools
	rm -rf .venv* dist build install log *.egg-info lerobot_plugins/*/build lerobot_plugins/*/src/*.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage*
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# A venv is created anew if its requirements change, or if its creation failed, because the stamp
# is written last. The demo needs few packages; the other targets add the rest.
%/runtime: $(REQUIREMENTS) $(CONSTRAINTS)
ifeq ($(DEPS),apt)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info >= (3, 13))' || { \
	  echo "DEPS=apt needs Python 3.12 or earlier, because Pydantic 1.10.14 does not know $$($(PYTHON) --version): name one with PYTHON=..."; exit 1; }
endif
	@$(PYTHON) requirements/install.py --new $(VENV_OPTIONS) $(PINNED) $* $(REQUIREMENTS)
	@touch $@

%/installed: $(OF_TESTS) %/runtime
	@$(if $(filter %.txt,$^),$*/bin/python requirements/install.py $(PINNED) $* $(filter %.txt,$^))
	@touch $@

$(COLCON_VENV)/installed: requirements/colcon.txt

$(UNIT_VENV)/installed: $(UNIT_REQUIREMENTS) requirements/constraints-newest.txt
	@$(PYTHON) requirements/install.py --new --constraints requirements/constraints-newest.txt $(UNIT_VENV) $(UNIT_REQUIREMENTS)
	@touch $@

$(AUDIT_VENV)/installed: requirements/audit.txt requirements/constraints-newest.txt
	@$(PYTHON) requirements/install.py --new --constraints requirements/constraints-newest.txt $(AUDIT_VENV) $<
	@touch $@

$(DOCS_VENV)/installed: requirements/docs.txt requirements/newest.txt requirements/constraints-newest.txt
	@$(PYTHON) requirements/install.py --new --constraints requirements/constraints-newest.txt $(DOCS_VENV) $(wordlist 1,2,$^)
	@touch $@

# The plugins are installed, because LeRobot finds them by their names.
$(LEROBOT_VENV)/installed: requirements/lerobot.txt $(wildcard lerobot_plugins/*/pyproject.toml)
	@$(PYTHON) requirements/install.py --new $(LEROBOT_VENV) $<
	@$(LEROBOT_VENV)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation \
	  lerobot==$(LEROBOT) $(addprefix -e ./,$(PLUGINS)) -e .
	@touch $@

# With the cameras of the simulated arm.
%/sim: requirements/sim.txt requirements/video.txt %/runtime
	@$*/bin/python requirements/install.py $(PINNED) $* $(filter %.txt,$^)
	@touch $@

define ADDED
%/$(1): requirements/$(1).txt %/installed
	@$$*/bin/python requirements/install.py $(PINNED) $$* $$<
	@touch $$@
endef
$(foreach name,browser bench coverage linters,$(eval $(call ADDED,$(name))))

# After an upgrade of Python, or after a move of this folder, its Python is missing.
ifneq ($(wildcard $(VENV)/runtime),)
ifneq ($(shell $(BIN)/python -c 'print("runs")' 2>/dev/null),runs)
$(info $(VENV) does not run any more: it is created anew.)
$(shell rm -f $(VENV)/runtime)
endif
endif

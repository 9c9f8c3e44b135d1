# ecs-model with its solver, for machines that run containers:
#
#   docker build -t ecs-model .
#   docker run --rm -v "$PWD":/work --user "$(id -u):$(id -g)" ecs-model \
#       mpiexec -n 4 ecs-model run run.toml -o results/run
#
# The compiler stays in the image: membranes and finite elements become machine code when they are
# first used, in /tmp/ecs-model unless XDG_CACHE_HOME says otherwise.
FROM debian:trixie-slim

RUN apt-get update \
    && apt-get install --yes --no-install-recommends \
        python3 python3-dev python3-venv gcc libc6-dev \
        libgl1 libglu1-mesa libxcursor1 libxft2 libxinerama1 libxrender1 libfontconfig1 libegl1 \
    && rm -rf /var/lib/apt/lists/*

ENV PATH=/opt/ecs-model/bin:$PATH \
    XDG_CACHE_HOME=/tmp/ecs-model \
    MPLCONFIGDIR=/tmp/ecs-model \
    HYDRA_LAUNCHER=fork

COPY . /source
RUN python3 -m venv /opt/ecs-model \
    && pip install --no-cache-dir "/source[surfaces,formats]" \
    && rm -rf /source

WORKDIR /work
CMD ["ecs-model", "--help"]

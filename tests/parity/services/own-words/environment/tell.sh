{
    echo "GREETING=$GREETING"
    echo "PLACE=$PLACE"
    echo "SEASON=$SEASON"
    echo "user $(id -u):$(id -g)"
    echo "folder $(pwd)"
    echo "host $(hostname)"
    touch /scratch/mine && echo "scratch $(grep -c ' /scratch tmpfs ' /proc/mounts)"
} >> /told/new

class Fuzz:
    targets = []
    def __init__(self, root, folder): pass
    def run(self, seconds): return 0, []

"""The reader as it is trained; muniment/answerability/reader.py computes the same with numpy."""

import torch
from torch import nn
from torch.nn import functional

WIDTH, HEADS, DIRECTIONS, LAYERS = 64, 4, 128, 2
OF_QUESTION, OF_WINDOWS = 13, 8


class Layer(nn.Module):
    """A transformer layer, normalised before each part."""

    def __init__(self, dropout: float) -> None:
        super().__init__()
        self.n1, self.n2 = nn.LayerNorm(WIDTH), nn.LayerNorm(WIDTH)
        self.qkv, self.o = nn.Linear(WIDTH, 3 * WIDTH), nn.Linear(WIDTH, WIDTH)
        self.f1, self.f2 = nn.Linear(WIDTH, 2 * WIDTH), nn.Linear(2 * WIDTH, WIDTH)
        self.dropout = nn.Dropout(dropout)

    def forward(self, states: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """States (batch, tokens, WIDTH), mask (batch, tokens)."""
        batch, length, _ = states.shape
        joined = self.qkv(self.n1(states)).view(batch, length, 3, HEADS, WIDTH // HEADS)
        query, key, value = joined.permute(2, 0, 3, 1, 4)
        attended = functional.scaled_dot_product_attention(
            query, key, value, attn_mask=mask[:, None, None, :]
        )
        attended = attended.transpose(1, 2).reshape(batch, length, WIDTH)
        states = states + self.dropout(self.o(attended))
        return states + self.dropout(self.f2(functional.relu(self.f1(self.n2(states)))))


class Network(nn.Module):
    """Log-odds that windows answer a question, and where in them attention looks (logits)."""

    def __init__(self, dropout: float = 0.15) -> None:
        super().__init__()
        self.proj = nn.Linear(DIRECTIONS, WIDTH)
        self.fq, self.fp = nn.Linear(OF_QUESTION, WIDTH), nn.Linear(OF_WINDOWS, WIDTH)
        self.ls = nn.ModuleList(Layer(dropout) for _ in range(LAYERS))
        self.n = nn.LayerNorm(WIDTH)
        self.aq, self.ap = nn.Linear(WIDTH, 1), nn.Linear(WIDTH, 1)
        self.c1, self.c2 = nn.Linear(2 * WIDTH, WIDTH), nn.Linear(WIDTH, 1)
        self.dropout, self.of_input = nn.Dropout(dropout), nn.Dropout(0.1)

    def forward(self, batch: dict[str, torch.Tensor]) -> tuple[torch.Tensor, torch.Tensor]:
        """``batch`` as Tokens.batch makes it."""
        asked = self.proj(self.of_input(batch["question"])) + self.fq(batch["of_question"])
        given = self.proj(self.of_input(batch["windows"])) + self.fp(batch["of_windows"])
        mask = torch.cat([batch["question_mask"], batch["windows_mask"]], 1)
        states = torch.cat([asked, given], 1)
        for layer in self.ls:
            states = layer(states, mask)
        states = self.n(states)
        of_question, of_windows = states[:, : asked.shape[1]], states[:, asked.shape[1] :]
        looks = self.ap(of_windows).squeeze(-1).masked_fill(~batch["windows_mask"], -1e4)
        weighs = self.aq(of_question).squeeze(-1).masked_fill(~batch["question_mask"], -1e4)
        pooled = torch.cat(
            [
                torch.einsum("bt,btd->bd", torch.softmax(weighs, 1), of_question),
                torch.einsum("bt,btd->bd", torch.softmax(looks, 1), of_windows),
            ],
            1,
        )
        return self.c2(self.dropout(functional.relu(self.c1(pooled)))).squeeze(-1), looks
